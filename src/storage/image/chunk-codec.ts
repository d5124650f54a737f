import { asBuffer, type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import {
  clusterTimeMs,
  type LeaseId,
  leaseId,
  noLease,
  type Revision,
  revision,
} from '../../foundation/ids.ts';
import { type Space, type StateDelta, spaces } from '../../ports/delta.ts';
import { hex16, isSealed, sealInPlace } from '../record-codec.ts';

/**
 * A chunk: deltas of one space in order. Little-endian: 0 crc32 (record-codec), 4 'TC', 6 version, 7 space, 8 count, 12 first
 * revision (6 bytes), 18 last revision (6 bytes), then the deltas packed: flags, the numbers that flags don't stand for as varints (revision against the delta
 * before, create revision against the revision), lengths, key, value.
 */
export const chunkHeaderBytes = 24;
const magic = 0x4354;
const version = 1;

const flagDelete = 1;
const flagLease = 2;
const flagNegativeLease = 4;
/** Same revision + 1 and sub 0: what single puts give. */
const flagNextRevision = 8;
const flagSameTime = 16;
const flagSameEpoch = 32;

export const chunkPrefix = 'd/';
export const chunkEnd = 'd0';
export function chunkKey(space: Space, first: number): string {
  return `${chunkPrefix}${spaces.indexOf(space)}/${hex16(first)}`;
}

export interface ChunkHeader {
  readonly space: Space;
  readonly first: Revision;
  readonly last: Revision;
  readonly count: number;
  readonly bytes: number;
}

/** Gathers deltas; monomorphic and without an allocation per delta. */
export class ChunkWriter {
  readonly space: Space;
  #buffer: Buffer;
  #at = chunkHeaderBytes;
  #count = 0;
  #first = 0;
  #revision = 0;
  #timeMs = 0;
  #epoch = 0;
  #view: { readonly header: ChunkHeader; readonly value: Buffer } | null = null;

  constructor(space: Space, capacity: number) {
    this.space = space;
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(capacity, 1024));
  }

  get bytes(): number {
    return this.#at;
  }

  get count(): number {
    return this.#count;
  }

  get first(): number {
    return this.#first;
  }

  get last(): number {
    return this.#revision;
  }

  add(delta: StateDelta): void {
    const { key, value } = delta;
    this.#reserve(80 + key.length + value.length);
    const buffer = this.#buffer;
    let at = this.#at;
    const flagsAt = at++;
    let flags = 0;
    const revisionNumber: number = delta.revision;
    if (this.#count === 0) {
      this.#first = revisionNumber;
      this.#revision = revisionNumber - 1;
    }
    if (delta.sub === 0 && revisionNumber === this.#revision + 1) flags |= flagNextRevision;
    else {
      at = writeVarint(buffer, at, revisionNumber - this.#revision);
      at = writeVarint(buffer, at, delta.sub);
    }
    if (delta.timeMs === this.#timeMs) flags |= flagSameTime;
    else at = writeVarint(buffer, at, delta.timeMs);
    if (delta.epoch === this.#epoch) flags |= flagSameEpoch;
    else at = writeVarint(buffer, at, delta.epoch);
    if (delta.op === 'delete') flags |= flagDelete;
    else {
      at = writeVarint(buffer, at, revisionNumber - delta.createRevision);
      at = writeVarint(buffer, at, delta.version);
    }
    if (delta.lease !== noLease) {
      flags |= flagLease;
      if (delta.lease < 0n) {
        flags |= flagNegativeLease;
        buffer.writeBigInt64LE(delta.lease, at);
      } else buffer.writeBigUInt64LE(delta.lease, at);
      at += 8;
    }
    at = writeVarint(buffer, at, key.length);
    at = writeVarint(buffer, at, value.length);
    at += buffer.latin1Write(key, at, key.length);
    at += buffer.latin1Write(value, at, value.length);
    buffer[flagsAt] = flags;
    this.#at = at;
    this.#count++;
    this.#revision = revisionNumber;
    this.#timeMs = delta.timeMs;
    this.#epoch = delta.epoch;
    this.#view = null;
  }

  /** What is in it so far, for reading; not to be written. Stays right while more is added; the same object until then. */
  view(): { readonly header: ChunkHeader; readonly value: Buffer } {
    this.#view ??= {
      header: {
        space: this.space,
        first: revision(this.#first),
        last: revision(this.#revision),
        count: this.#count,
        bytes: this.#at,
      },
      value: this.#buffer.subarray(0, this.#at),
    };
    return this.#view;
  }

  /** The finished record. Nothing is added after it. */
  seal(): { readonly header: ChunkHeader; readonly key: string; readonly value: Buffer } {
    const { header, value } = this.view();
    value.writeUInt16LE(magic, 4);
    value[6] = version;
    value[7] = spaces.indexOf(this.space);
    value.writeUInt32LE(this.#count, 8);
    value.writeUIntLE(this.#first, 12, 6);
    value.writeUIntLE(this.#revision, 18, 6);
    const key = chunkKey(this.space, this.#first);
    return { header, key, value: sealInPlace(key, value) };
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

/** Null: a wrong checksum, or no chunk of this key. */
export function readChunkHeader(key: string, value: Uint8Array): ChunkHeader | null {
  const bytes = asBuffer(value);
  if (bytes.length < chunkHeaderBytes || !isSealed(key, bytes)) return null;
  const space = spaces[bytes[7] as number];
  const first = bytes.readUIntLE(12, 6);
  if (bytes.readUInt16LE(4) !== magic || bytes[6] !== version || space === undefined) return null;
  if (chunkKey(space, first) !== key) return null;
  return {
    space,
    first: revision(first),
    last: revision(bytes.readUIntLE(18, 6)),
    count: bytes.readUInt32LE(8),
    bytes: bytes.length,
  };
}

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

/** Seven bits a byte, low ones first; for whole numbers up to 2^53. */
function writeVarint(buffer: Buffer, start: number, number: number): number {
  let at = start;
  let value = number;
  while (value > 0x7fffffff) {
    buffer[at++] = (value % 128) | 0x80;
    value = Math.floor(value / 128);
  }
  while (value > 0x7f) {
    buffer[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  buffer[at++] = value;
  return at;
}
