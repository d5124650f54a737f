import { sortedQuantile } from './statistics.ts';

/** Values beyond the quantiles `share` and 1 − `share` are moved to them, so that single spikes don't rule a least-squares fit. */
export function winsorised(values: Float64Array, share = 0.01): Float64Array {
  const sorted = Float64Array.from(values).sort();
  const low = sortedQuantile(sorted, share);
  const high = sortedQuantile(sorted, 1 - share);
  return values.map((value) => Math.min(Math.max(value, low), high));
}
