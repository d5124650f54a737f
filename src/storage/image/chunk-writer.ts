import { noLease, revision } from '../../foundation/ids.ts';
import { type Space, type StateDelta, spaces } from '../../ports/delta.ts';
import { sealInPlace } from '../record-codec.ts';
import {
  type ChunkHeader,
  chunkHeaderBytes,
  chunkKey,
  chunkMagic,
  chunkVersion,
  flagDelete,
  flagLease,
  flagNegativeLease,
  flagNextRevision,
  flagSameEpoch,
  flagSameTime,
} from './chunk-codec.ts';

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
    value.writeUInt16LE(chunkMagic, 4);
    value[6] = chunkVersion;
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

/** Seven bits a byte, low ones first; for whole numbers up to 2^53. */
export function writeVarint(buffer: Buffer, start: number, number: number): number {
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
