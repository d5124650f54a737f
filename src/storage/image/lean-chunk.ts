import { asBuffer, type ByteString } from '../../foundation/bytes.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { IsHeld } from '../../ports/image-store.ts';
import { sealInPlace } from '../record-codec.ts';
import { type ChunkHeader, chunkPrefix } from './chunk-codec.ts';
import { ChunkReader } from './chunk-reader.ts';
import { writeVarint } from './chunk-writer.ts';

/**
 * A chunk on its way to one who holds some of its values: 0 bytes of what follows (4 bytes), then of each value that is left out, as varints: how many bytes of the
 * chunk come before it, behind the one before; bytes of its key, which are the last of those; bytes of the value; its revision less that of the one
 * before. Then all other bytes of the chunk. The checksum in the chunk is that of the whole, so it tells whether what was put in is what was left out.
 */
export const leanPrefix = `h${chunkPrefix}`;
const lengthBytes = 4;
const mostHoleBytes = 32;

export const leanKey = (chunkKey: string): string => `h${chunkKey}`;
export const wholeKey = (leanKey: string): string => leanKey.slice(1);

/** Without the values that are held, where that makes it shorter. Null: nowhere. */
export function leanChunk(header: ChunkHeader, value: Uint8Array, isHeld: IsHeld): Buffer | null {
  const holes: Buffer[] = [];
  const rest: Uint8Array[] = [];
  const reader = new ChunkReader(header, value);
  let from = 0;
  let before = 0;
  let holesBytes = 0;
  while (reader.left > 0)
    for (const { op, key, value: given, revision } of reader.next(1)) {
      if (op === 'delete' || !isHeld(header.space, key, revision)) continue;
      const valueAt = reader.at - given.length;
      const hole = Buffer.allocUnsafe(mostHoleBytes);
      let at = writeVarint(hole, 0, valueAt - from);
      at = writeVarint(hole, at, key.length);
      at = writeVarint(hole, at, given.length);
      at = writeVarint(hole, at, revision - before);
      if (at >= given.length) continue;
      holes.push(hole.subarray(0, at));
      holesBytes += at;
      rest.push(value.subarray(from, valueAt));
      from = reader.at;
      before = revision;
    }
  if (holes.length === 0) return null;
  const length = Buffer.allocUnsafe(lengthBytes);
  length.writeUInt32LE(holesBytes, 0);
  return Buffer.concat([length, ...holes, ...rest, value.subarray(from)]);
}

/** The chunk of that key again. Null: it is malformed, or a value is not held. Whether it is right says its checksum. */
export function wholeChunk(
  key: string,
  lean: Uint8Array,
  held: (key: ByteString, revision: number) => ByteString | null,
): Buffer | null {
  const bytes = asBuffer(lean);
  if (bytes.length < lengthBytes) return null;
  let from = lengthBytes + bytes.readUInt32LE(0);
  if (from > bytes.length) return null;
  const holes = bytes.subarray(lengthBytes, from);
  const parts: Buffer[] = [];
  let revision = 0;
  for (let at = 0; at < holes.length; ) {
    const numbers: number[] = [];
    while (numbers.length < 4) {
      const read = readVarint(holes, at);
      if (read === null) return null;
      numbers.push(read.value);
      at = read.end;
    }
    const [distance = 0, keyBytes = 0, valueBytes = 0, further = 0] = numbers;
    const end = from + distance;
    revision += further;
    if (end > bytes.length || keyBytes > distance) return null;
    const value = held(bytes.latin1Slice(end - keyBytes, end) as ByteString, revision);
    if (value?.length !== valueBytes) return null;
    parts.push(bytes.subarray(from, end), Buffer.from(value, 'latin1'));
    from = end;
  }
  const whole = Buffer.concat([...parts, bytes.subarray(from)]);
  return mutant.active === 'held-value-unchecked' ? sealInPlace(key, whole) : whole;
}

function readVarint(bytes: Buffer, start: number): { readonly value: number; readonly end: number } | null {
  let value = 0;
  let factor = 1;
  for (let at = start; at < bytes.length && factor < 2 ** 53; at++) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return null;
}
