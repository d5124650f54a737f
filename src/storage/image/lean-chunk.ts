import { asBuffer, type ByteString } from '../../foundation/bytes.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { IsHeld } from '../../ports/image-store.ts';
import { sealInPlace } from '../record-codec.ts';
import { type ChunkHeader, chunkPrefix } from './chunk-codec.ts';
import { ChunkReader } from './chunk-reader.ts';

/**
 * A chunk on its way to one who holds some of its values: 0 how many are left out (4 bytes), then of each: 0 how many bytes of the chunk come before it, behind
 * the one before (4), 4 bytes of its key (4), which are the last of those, 8 bytes of the value (4), 12 revision (6); then all other bytes of the chunk.
 * The checksum in the chunk is that of the whole, so it tells whether what was put in is what was left out.
 */
export const leanPrefix = `h${chunkPrefix}`;
const countBytes = 4;
const holeBytes = 18;
/** A value that is no longer is sent. */
const worthBytes = 32;

interface Hole {
  readonly valueAt: number;
  readonly valueBytes: number;
  readonly keyBytes: number;
  readonly revision: number;
}

export const leanKey = (chunkKey: string): string => `h${chunkKey}`;
export const wholeKey = (leanKey: string): string => leanKey.slice(1);

/** Without the values that are held. Null: none is. */
export function leanChunk(header: ChunkHeader, value: Uint8Array, isHeld: IsHeld): Buffer | null {
  const holes: Hole[] = [];
  const reader = new ChunkReader(header, value);
  let saved = 0;
  while (reader.left > 0)
    for (const { op, key, value, revision } of reader.next(1)) {
      if (op === 'delete' || value.length <= worthBytes || !isHeld(header.space, key, revision)) continue;
      const valueBytes = value.length;
      holes.push({ valueAt: reader.at - valueBytes, valueBytes, keyBytes: key.length, revision });
      saved += valueBytes;
    }
  if (holes.length === 0) return null;
  const lean = Buffer.allocUnsafe(countBytes + holes.length * holeBytes + value.length - saved);
  lean.writeUInt32LE(holes.length, 0);
  let at = countBytes;
  let to = countBytes + holes.length * holeBytes;
  let from = 0;
  for (const { valueAt, valueBytes, keyBytes, revision } of holes) {
    lean.writeUInt32LE(valueAt - from, at);
    lean.writeUInt32LE(keyBytes, at + 4);
    lean.writeUInt32LE(valueBytes, at + 8);
    lean.writeUIntLE(revision, at + 12, 6);
    at += holeBytes;
    lean.set(value.subarray(from, valueAt), to);
    to += valueAt - from;
    from = valueAt + valueBytes;
  }
  lean.set(value.subarray(from), to);
  return lean;
}

/** The chunk of that key again. Null: it is malformed, or a value is not held. Whether it is right says its checksum. */
export function wholeChunk(
  key: string,
  lean: Uint8Array,
  held: (key: ByteString, revision: number) => ByteString | null,
): Buffer | null {
  const bytes = asBuffer(lean);
  if (bytes.length < countBytes) return null;
  const count = bytes.readUInt32LE(0);
  let from = countBytes + count * holeBytes;
  if (from > bytes.length) return null;
  const parts: Buffer[] = [];
  for (let at = countBytes; count > 0 && at < countBytes + count * holeBytes; at += holeBytes) {
    const end = from + bytes.readUInt32LE(at);
    const keyAt = end - bytes.readUInt32LE(at + 4);
    if (end > bytes.length || keyAt < from) return null;
    const value = held(bytes.latin1Slice(keyAt, end) as ByteString, bytes.readUIntLE(at + 12, 6));
    if (value === null || value.length !== bytes.readUInt32LE(at + 8)) return null;
    parts.push(bytes.subarray(from, end), Buffer.from(value, 'latin1'));
    from = end;
  }
  parts.push(bytes.subarray(from));
  const whole = Buffer.concat(parts);
  return mutant.active === 'held-value-unchecked' ? sealInPlace(key, whole) : whole;
}
