import { at } from '../math/at.ts';
import { median } from '../math/statistics.ts';

/** Share of equal distances from which there is no jitter. */
const CLOCKWORK = 0.8;

/**
 * The usual distance between observations, ms, of times sorted upwards; NaN for fewer than two different times. The most frequent
 * distance where one dominates, else the median (jitter); whole seconds where the median is nearly one.
 */
export function detectStep(timesMs: Float64Array): number {
  const distances: number[] = [];
  for (let i = 1; i < timesMs.length; i++) {
    const distance = at(timesMs, i) - at(timesMs, i - 1);
    if (distance > 0) distances.push(distance);
  }
  if (distances.length === 0) return Number.NaN;
  const counts = new Map<number, number>();
  for (const distance of distances) counts.set(distance, (counts.get(distance) ?? 0) + 1);
  const [usual, count] = [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best));
  if (count >= CLOCKWORK * distances.length) return usual;
  const middle = count >= distances.length / 2 ? usual : median(Float64Array.from(distances));
  const seconds = Math.round(middle / 1000) * 1000;
  return seconds > 0 && Math.abs(middle - seconds) <= 0.02 * seconds ? seconds : middle;
}
