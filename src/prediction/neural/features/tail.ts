/** At i: the sum of the values before i, and what of it one number cannot hold (Knuth, The Art of Computer Programming 2, 4.2.2, theorem B). */
export interface RunningSums {
  readonly high: Float64Array;
  readonly low: Float64Array;
}

/** The end of a series with running sums, so that the mean of any stretch costs two look-ups, however large the values before it were. */
export interface Tail {
  readonly values: Float64Array;
  readonly sums: RunningSums;
  /** Where the known part ends: values from here on are the future (known in training alone). */
  readonly end: number;
}

export function runningSums(values: Float64Array): RunningSums {
  const high = new Float64Array(values.length + 1);
  const low = new Float64Array(values.length + 1);
  let sum = 0;
  let lost = 0;
  for (const [index, value] of values.entries()) {
    const next = sum + value;
    const taken = next - sum;
    lost += sum - (next - taken) + (value - taken);
    sum = next;
    high[index + 1] = sum;
    low[index + 1] = lost;
  }
  return { high, low };
}

/** Value at an index, the first one before the beginning. */
export const valueAt = (values: Float64Array, index: number): number => values[Math.max(index, 0)] ?? 0;

/** Mean of the `count` values before `end`, or of as many as there are. */
export function meanBefore({ sums }: Pick<Tail, 'sums'>, end: number, count: number): number {
  const { high, low } = sums;
  if (end <= 0) return high[1] ?? 0;
  const from = end > count ? end - count : 0;
  const rest = (low[end] ?? 0) - (low[from] ?? 0);
  return ((high[end] ?? 0) - (high[from] ?? 0) + rest) / (end - from);
}

/** Where medians are found; this layer's thread does one at a time. */
const scratch = new Float64Array(512);

/** Median of the `count` values before `end` (at most 512), or of as many as there are. */
export function medianBefore({ values }: Pick<Tail, 'values'>, end: number, count: number): number {
  const from = Math.max(0, end - Math.min(count, scratch.length));
  for (let index = from; index < end; index++) scratch[index - from] = values[index] ?? 0;
  return medianOf(scratch, Math.max(0, end - from));
}

/** Median of the first `count` values, which are put in another order. */
export function medianOf(list: Float64Array, count: number): number {
  if (count === 0) return 0;
  const upper = select(list, count, count >> 1);
  if (count % 2 === 1) return upper;
  let lower = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < count >> 1; index++) lower = Math.max(lower, list[index] ?? lower);
  return (lower + upper) / 2;
}

/** The value that sorting would put at `rank`; none before it is greater (Hoare 1961, algorithm 65). */
function select(list: Float64Array, count: number, rank: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const pivot = list[(low + high) >> 1] ?? 0;
    let left = low;
    let right = high;
    while (left <= right) {
      while ((list[left] ?? 0) < pivot) left += 1;
      while ((list[right] ?? 0) > pivot) right -= 1;
      if (left > right) break;
      const moved = list[left] ?? 0;
      list[left] = list[right] ?? 0;
      list[right] = moved;
      left += 1;
      right -= 1;
    }
    if (rank <= right) high = right;
    else if (rank >= left) low = left;
    else break;
  }
  return list[rank] ?? 0;
}

/** Ratios beyond it count as it: they come from values of no common unit, and say only that. */
export const largestRatio = 1e6;

/** Compresses what may be very large, keeping sign and small values. */
export function squash(value: number): number {
  const size = Math.log1p(Math.min(largestRatio, Math.abs(value)));
  return value < 0 ? -size : size;
}
