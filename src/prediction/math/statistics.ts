import { at } from './at.ts';

export function mean(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += at(values, i);
  return sum / values.length;
}

/** Standard deviation of the population. */
export function deviation(values: Float64Array): number {
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (at(values, i) - centre) ** 2;
  return Math.sqrt(sum / values.length);
}

/** Quantile by linear interpolation between order statistics (Hyndman & Fan 1996, type 7) of values sorted upwards. */
export function sortedQuantile(sorted: Float64Array, q: number): number {
  const place = Math.min(Math.max(q, 0), 1) * (sorted.length - 1);
  const below = Math.floor(place);
  const low = at(sorted, below);
  const high = at(sorted, Math.min(below + 1, sorted.length - 1));
  return low + (high - low) * (place - below);
}

export function quantile(values: Float64Array, q: number): number {
  return sortedQuantile(Float64Array.from(values).sort(), q);
}

export function median(values: Float64Array): number {
  return quantile(values, 0.5);
}

/** Pearson's correlation; 0 where one side does not vary. */
export function correlation(a: Float64Array, b: Float64Array): number {
  const meanA = mean(a);
  const meanB = mean(b);
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    const x = at(a, i) - meanA;
    const y = at(b, i) - meanB;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}
