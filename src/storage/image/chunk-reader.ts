import { asBuffer, type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import { clusterTimeMs, type LeaseId, leaseId, noLease, revision } from '../../foundation/ids.ts';
import type { StateDelta } from '../../ports/delta.ts';
import {
  type ChunkHeader,
  chunkHeaderBytes,
  flagDelete,
  flagLease,
  flagNegativeLease,
  flagNextRevision,
  flagSameEpoch,
  flagSameTime,
} from './chunk-codec.ts';

/** Reads a chunk whose header was checked, delta by delta in slices, so that nobody has to hold the event loop for a whole one. */
export class ChunkReader {
  readonly #buffer: Buffer;
  readonly #header: ChunkHeader;
  #at = chunkHeaderBytes;
  #left: number;
  #revision: number;
  #timeMs = 0;
  #epoch = 0;

  constructor(header: ChunkHeader, value: Uint8Array) {
    this.#buffer = asBuffer(value);
    this.#header = header;
    this.#left = header.count;
    this.#revision = header.first - 1;
  }

  get left(): number {
    return this.#left;
  }

  /** Where the last delta ends, and with it its value. */
  get at(): number {
    return this.#at;
  }

  /** The next deltas, at most `limit`. */
  next(limit: number): StateDelta[] {
    const count = Math.min(limit, this.#left);
    const deltas = new Array<StateDelta>(count);
    for (let i = 0; i < count; i++) deltas[i] = this.#delta();
    this.#left -= count;
    return deltas;
  }

  #delta(): StateDelta {
    const buffer = this.#buffer;
    const flags = buffer[this.#at++] as number;
    let sub = 0;
    if ((flags & flagNextRevision) !== 0) this.#revision++;
    else {
      this.#revision += this.#varint();
      sub = this.#varint();
    }
    if ((flags & flagSameTime) === 0) this.#timeMs = this.#varint();
    if ((flags & flagSameEpoch) === 0) this.#epoch = this.#varint();
    let createRevision = 0;
    let keyVersion = 0;
    const isDelete = (flags & flagDelete) !== 0;
    if (!isDelete) {
      createRevision = this.#revision - this.#varint();
      keyVersion = this.#varint();
    }
    let lease: LeaseId = noLease;
    if ((flags & flagLease) !== 0) {
      const at = this.#at;
      lease = leaseId(
        (flags & flagNegativeLease) !== 0 ? buffer.readBigInt64LE(at) : buffer.readBigUInt64LE(at),
      );
      this.#at = at + 8;
    }
    const keyBytes = this.#varint();
    const valueBytes = this.#varint();
    const keyAt = this.#at;
    const valueAt = keyAt + keyBytes;
    this.#at = valueAt + valueBytes;
    return {
      epoch: this.#epoch,
      revision: revision(this.#revision),
      sub,
      timeMs: clusterTimeMs(this.#timeMs),
      space: this.#header.space,
      op: isDelete ? 'delete' : 'put',
      key: buffer.latin1Slice(keyAt, valueAt) as ByteString,
      value: valueBytes === 0 ? emptyBytes : (buffer.latin1Slice(valueAt, this.#at) as ByteString),
      lease,
      createRevision: revision(createRevision),
      version: keyVersion,
    };
  }

  #varint(): number {
    const buffer = this.#buffer;
    let byte = buffer[this.#at++] as number;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let factor = 128;
    do {
      byte = buffer[this.#at++] as number;
      value += (byte & 0x7f) * factor;
      factor *= 128;
    } while (byte >= 0x80);
    return value;
  }
}
