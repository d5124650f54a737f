import { randomBytes } from 'node:crypto';
import type { Puts } from '../memory/batches.ts';

/** The policy `critical` holds for these keys. */
export const criticalPrefix = 'critical/';
export const otherPrefix = 'other/';

/** The critical ones are spread evenly: the first `percent` of each hundred. */
export function isCritical(number: number, percent: number): boolean {
  return number % 100 < percent;
}

/** `critical/0000000000` or `other/0000000020`, and on. */
export function tierKey(number: number, percent: number): Uint8Array {
  const prefix = isCritical(number, percent) ? criticalPrefix : otherPrefix;
  return Buffer.from(prefix + String(number).padStart(10, '0'));
}

export function criticalCount(keys: number, percent: number): number {
  return Math.floor(keys / 100) * percent + Math.min(keys % 100, percent);
}

const poolBytes = 8 * 1024 * 1024;

/**
 * Values that do not compress, not even many of them together: streams to replicas are compressed, and a few values over and over would flatter them.
 * Each begins at a place of its own in random bytes, far from that of the one before.
 */
export function tierValues(valueBytes: number): (sequence: number) => Uint8Array {
  const pool = randomBytes(poolBytes + valueBytes);
  return (sequence) => {
    const at = (sequence * 1_000_003) % poolBytes;
    return pool.subarray(at, at + valueBytes);
  };
}

/** Every `step`th key once, in order, in batches. */
export function* tierBatches(
  keys: number,
  { batch = 100, step = 1, percent = 20, valueBytes = 256 },
): Generator<Puts> {
  const valueAt = tierValues(valueBytes);
  let puts: (readonly [Uint8Array, Uint8Array])[] = [];
  for (let number = 0; number < keys; number += step) {
    puts.push([tierKey(number, percent), valueAt(number)]);
    if (puts.length < batch) continue;
    yield puts;
    puts = [];
  }
  if (puts.length > 0) yield puts;
}
