import type { ByteString } from '../../foundation/bytes.ts';

/** Larger values are taken for ones without numbers. */
export const mostReadBytes = 64 * 1024;
/** Of one value, which is scanned once for each field, and where its truth is scored four times: below 4 ms. */
const mostScannedBytes = 64 * 1024;

/** The value as far as it is read: empty, which is no number, where it would hold the event loop for too long. */
export function readable(value: ByteString, fields: readonly unknown[]): ByteString {
  return value.length > mostReadBytes || value.length * fields.length > mostScannedBytes
    ? ('' as ByteString)
    : value;
}

/** Scanned between two looks at the clock. */
const lookEveryBytes = 16 * 1024;

/** When work that is done a little at a time looks at the clock: by what was scanned, not by the number of values, which differ in size by far. */
export class WorkMeter {
  readonly #perValue: number;
  #bytes = 0;

  /** `values`: even of the smallest, so many at most between two looks. */
  constructor(values: number) {
    this.#perValue = lookEveryBytes / values;
  }

  /** Whether a look is due before a value of this size is scanned so many times. */
  isDue(value: { readonly length: number }, times: number): boolean {
    const isDue = this.#bytes >= lookEveryBytes;
    if (isDue) this.#bytes = 0;
    this.#bytes += this.#perValue + value.length * times;
    return isDue;
  }
}

/** Of one reader's turn, a few ms. */
const budgetBytes = 2 * 1024 * 1024;
/** What even the smallest value costs. */
const leastBytes = 512;

/** What may be scanned for one reader in one turn of the event loop. */
export class ScanBudget {
  #left = budgetBytes;

  /** Whether a value of this size may be scanned so many times. */
  takes(value: { readonly length: number }, times: number): boolean {
    const bytes = leastBytes + value.length * times;
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}
