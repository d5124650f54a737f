/** The end of a series with running sums, so that the mean of any stretch costs two look-ups. */
export interface Tail {
  readonly values: Float64Array;
  /** sums[i]: sum of the values before i. */
  readonly sums: Float64Array;
  /** Where the known part ends: values from here on are the future (known in training alone). */
  readonly end: number;
}

export function runningSums(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length + 1);
  let sum = 0;
  for (const [index, value] of values.entries()) {
    sum += value;
    sums[index + 1] = sum;
  }
  return sums;
}

/** Value at an index, the first one before the beginning. */
export const valueAt = (values: Float64Array, index: number): number => values[Math.max(index, 0)] ?? 0;

/** Mean of the `count` values before `end`, or of as many as there are. */
export function meanBefore({ sums }: Pick<Tail, 'sums'>, end: number, count: number): number {
  if (end <= 0) return sums[1] ?? 0;
  const from = end > count ? end - count : 0;
  return ((sums[end] ?? 0) - (sums[from] ?? 0)) / (end - from);
}

/** Median of the `count` values before `end`, or of as many as there are. */
export function medianBefore({ values }: Pick<Tail, 'values'>, end: number, count: number): number {
  const sorted = values.slice(Math.max(0, end - count), end).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** Ratios beyond it count as it: they come from values of no common unit, and say only that. */
export const largestRatio = 1e6;

/** Compresses what may be very large, keeping sign and small values. */
export function squash(value: number): number {
  const size = Math.log1p(Math.min(largestRatio, Math.abs(value)));
  return value < 0 ? -size : size;
}
