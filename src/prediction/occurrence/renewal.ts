import { at, fromEnd } from '../math/at.ts';
import { mean } from '../math/statistics.ts';
import { intervalsOf, ofMoments } from './model.ts';

const RECENT = 256;
const LEAST = 6;
/** Weight of the memoryless prior, in intervals: it answers where no interval was as long as the one that runs. */
const PRIOR = 1.5;

/** Renewal process with the intervals seen: of those longer than what has passed since the last change, how many ended within h. */
export const renewal = ofMoments('renewal', (changesMs, nowMs) => {
  const sorted = intervalsOf(changesMs).subarray(-RECENT).slice().sort();
  if (sorted.length < LEAST) return null;
  const elapsed = Math.max(0, nowMs - fromEnd(changesMs, 0));
  const rate = 1 / mean(sorted);
  const started = above(sorted, elapsed);
  const atRisk = sorted.length - started;
  return (hMs) => {
    const ended = above(sorted, elapsed + hMs) - started;
    const prior = 1 - Math.exp(-rate * hMs);
    return (ended + PRIOR * prior) / (atRisk + PRIOR);
  };
});

/** Index of the first element above the value. */
function above(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(sorted, middle) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
