import type { ByteString } from '../foundation/bytes.ts';
import type { Space } from '../ports/delta.ts';
import type { KeyRange, RangeDigest } from '../ports/replication.ts';
import { heldSpaces } from './cold/keys.ts';

/** All keys of a space: none is before `'\0'`. */
export function wholeSpace(space: Space): KeyRange {
  return { space, key: '\0' as ByteString, rangeEnd: '\0' as ByteString };
}

export const wholeSpaces: readonly KeyRange[] = heldSpaces.map(wholeSpace);

export function isWholeSpace({ key, rangeEnd }: KeyRange): boolean {
  return (key === '\0' || key === '') && rangeEnd === '\0';
}

export function wholeSpaceDigests(digests: readonly RangeDigest[]): ReadonlyMap<Space, RangeDigest> {
  return new Map(digests.filter(({ range }) => isWholeSpace(range)).map((one) => [one.range.space, one]));
}
