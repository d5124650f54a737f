import { asBuffer, type ByteString } from '../../foundation/bytes.ts';
import { spaces } from '../../ports/delta.ts';
import { isSealed, sealRecord } from '../../storage/record-codec.ts';
import { type HeldSpace, heldSpaces, hex8 } from './keys.ts';

/**
 * What an increment changed, in lists as its rows were written: so that merging it, or undoing it, costs what it is long, and no look at
 * the other rows.
 */
export interface ChangedKey {
  readonly space: HeldSpace;
  readonly key: ByteString;
  /** The snapshot that wrote the row which this one supersedes; 0: there is none. */
  readonly supersedes: number;
  readonly gone: boolean;
}

export const listsPrefix = 'k/';

export function listsOf(number: number): string {
  return `${listsPrefix}${hex8(number)}/`;
}

export function listKey(number: number, sequence: number): string {
  return `${listsOf(number)}${hex8(sequence)}`;
}

const entryHeaderBytes = 8;

/** Entries one after another: 0 space and whether it is gone, 1 length of the key (3 bytes), 4 what it supersedes, 8 the key. */
export function encodeKeyList(row: string, changed: readonly ChangedKey[]): Buffer {
  const content = Buffer.allocUnsafe(
    changed.reduce((bytes, { key }) => bytes + entryHeaderBytes + key.length, 0),
  );
  let at = 0;
  for (const { space, key, supersedes, gone } of changed) {
    content[at] = spaces.indexOf(space) | (gone ? 0x80 : 0);
    content.writeUIntLE(key.length, at + 1, 3);
    content.writeUInt32LE(supersedes, at + 4);
    content.latin1Write(key, at + entryHeaderBytes, key.length);
    at += entryHeaderBytes + key.length;
  }
  return sealRecord(row, content);
}

/** Null: altered. */
export function decodeKeyList(row: string, value: Uint8Array): readonly ChangedKey[] | null {
  if (!isSealed(row, value)) return null;
  const content = asBuffer(value).subarray(4);
  const changed: ChangedKey[] = [];
  for (let at = 0; at < content.length; ) {
    const flags = content[at] ?? 0;
    const space = heldSpaces.find((held) => spaces.indexOf(held) === (flags & 0x7f));
    if (space === undefined) return null;
    const keyAt = at + entryHeaderBytes;
    const keyEnd = keyAt + content.readUIntLE(at + 1, 3);
    const key = content.latin1Slice(keyAt, keyEnd) as ByteString;
    changed.push({ space, key, supersedes: content.readUInt32LE(at + 4), gone: flags >= 0x80 });
    at = keyEnd;
  }
  return changed;
}
