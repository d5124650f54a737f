import { fromEnd } from '../math/at.ts';
import { mean } from '../math/statistics.ts';
import { intervalsOf, ofMoments } from './model.ts';

/** Intervals that the rate is taken from. */
const RECENT = 32;

/** Changes without memory at the recent rate; the open interval since the last change counts as exposure. */
export const poisson = ofMoments('poisson', (changesMs, nowMs) => {
  const recent = intervalsOf(changesMs).subarray(-RECENT);
  if (recent.length === 0) return null;
  const open = Math.max(0, nowMs - fromEnd(changesMs, 0));
  const total = mean(recent) * recent.length + open;
  return (hMs) => 1 - Math.exp((-hMs * recent.length) / total);
});
