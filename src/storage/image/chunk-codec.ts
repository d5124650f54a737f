import { asBuffer } from '../../foundation/bytes.ts';
import { type Revision, revision } from '../../foundation/ids.ts';
import { type Space, spaces } from '../../ports/delta.ts';
import { hex16, isSealed } from '../record-codec.ts';

/**
 * A chunk: deltas of one space in order. Little-endian: 0 crc32 (record-codec), 4 'TC', 6 version, 7 space, 8 count, 12 first
 * revision (6 bytes), 18 last revision (6 bytes), then the deltas packed: flags, the numbers that flags don't stand for as varints (revision against the delta
 * before, create revision against the revision), lengths, key, value.
 */
export const chunkHeaderBytes = 24;
export const chunkMagic = 0x4354;
export const chunkVersion = 1;

export const flagDelete = 1;
export const flagLease = 2;
export const flagNegativeLease = 4;
/** Same revision + 1 and sub 0: what single puts give. */
export const flagNextRevision = 8;
export const flagSameTime = 16;
export const flagSameEpoch = 32;

export const chunkPrefix = 'd/';
export const chunkEnd = 'd0';
export function chunkKey(space: Space, first: number): string {
  return `${chunksPrefix(space)}${hex16(first)}`;
}

export function chunksPrefix(space: Space): string {
  return `${chunkPrefix}${spaces.indexOf(space)}/`;
}

export interface ChunkHeader {
  readonly space: Space;
  readonly first: Revision;
  readonly last: Revision;
  readonly count: number;
  readonly bytes: number;
}

/** Null: a wrong checksum, or no chunk of this key. */
export function readChunkHeader(key: string, value: Uint8Array): ChunkHeader | null {
  const bytes = asBuffer(value);
  if (bytes.length < chunkHeaderBytes || !isSealed(key, bytes)) return null;
  const space = spaces[bytes[7] as number];
  const first = bytes.readUIntLE(12, 6);
  if (bytes.readUInt16LE(4) !== chunkMagic || bytes[6] !== chunkVersion || space === undefined) return null;
  if (chunkKey(space, first) !== key) return null;
  return {
    space,
    first: revision(first),
    last: revision(bytes.readUIntLE(18, 6)),
    count: bytes.readUInt32LE(8),
    bytes: bytes.length,
  };
}
