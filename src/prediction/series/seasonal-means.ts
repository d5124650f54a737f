import { at } from '../math/at.ts';

/** Mean of the values at each phase of a season: element k is that of the indices ≡ k. */
export function seasonalMeans(values: Float64Array, season: number): Float64Array {
  const sums = new Float64Array(season);
  const counts = new Float64Array(season);
  for (let i = 0; i < values.length; i++) {
    const phase = i % season;
    sums[phase] = at(sums, phase) + at(values, i);
    counts[phase] = at(counts, phase) + 1;
  }
  return sums.map((sum, k) => sum / Math.max(1, at(counts, k)));
}
