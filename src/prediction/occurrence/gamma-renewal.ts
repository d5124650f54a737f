import { fromEnd } from '../math/at.ts';
import { gammaShare } from '../math/gamma.ts';
import { mean } from '../math/statistics.ts';
import { intervalsOf, ofMoments } from './model.ts';

const RECENT = 128;
const LEAST = 4;
const SHAPES = [0.2, 500] as const;

/** Renewal process with gamma-distributed intervals: from bursts (shape below 1) through Poisson (1) to clockwork (high shape). */
export const gammaRenewal = ofMoments('gamma', (changesMs, nowMs) => {
  const intervals = intervalsOf(changesMs).subarray(-RECENT);
  if (intervals.length < LEAST) return null;
  const centre = mean(intervals);
  const shape = shapeOf(intervals, centre);
  const elapsed = Math.max(0, nowMs - fromEnd(changesMs, 0));
  const passed = gammaShare(shape, (elapsed * shape) / centre);
  const left = 1 - passed;
  // Far beyond the longest interval the tail is numerically nothing: then the next one is as long as usual.
  if (left < 1e-9) return (hMs) => 1 - Math.exp(-hMs / centre);
  return (hMs) => Math.min(1, (gammaShare(shape, ((elapsed + hMs) * shape) / centre) - passed) / left);
});

/** Maximum likelihood, closed approximation (Minka 2002, eq. 5–6). */
function shapeOf(intervals: Float64Array, centre: number): number {
  const spread = Math.log(centre) - mean(intervals.map((interval) => Math.log(interval)));
  if (!(spread > 0)) return SHAPES[1];
  const shape = (3 - spread + Math.sqrt((spread - 3) ** 2 + 24 * spread)) / (12 * spread);
  return Math.min(Math.max(shape, SHAPES[0]), SHAPES[1]);
}
