import { randomBytes } from 'node:crypto';
import { present } from '../../../foundation/assert.ts';
import { seededRandom } from '../../../foundation/random.ts';

/** Keys `bench/0000000000` and on; the same ones in every run. */
export function sampleKeys(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, i) => sampleKey(i));
}

export function sampleKey(index: number): Uint8Array {
  return Buffer.from(`bench/${String(index).padStart(10, '0')}`);
}

/** Where a read of `range` keys at key number `at` begins and ends, so that it is whole; the end is not in it. */
export function sampleRange(
  at: number,
  range: number,
  keys: number,
): { readonly from: number; readonly to: number } {
  const from = Math.max(0, Math.min(at, keys - range));
  return { from, to: from + range };
}

/** A few different values that do not compress. */
export function sampleValues(bytes: number): readonly Uint8Array[] {
  return Array.from({ length: 64 }, () => randomBytes(bytes));
}

/** Key number of the i-th operation: random, drawn beforehand so that drawing costs nothing while measuring. */
export function randomOrder(keys: number): (sequence: number) => number {
  const random = seededRandom('bench');
  const drawn = Uint32Array.from({ length: 1 << 18 }, () => random.below(keys));
  return (sequence) => present(drawn[sequence & (drawn.length - 1)], 'drawn');
}
