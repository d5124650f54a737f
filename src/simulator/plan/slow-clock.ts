import type { Random } from '../../foundation/random.ts';

/**
 * One machine's clocks run at 0.5 to 0.9 of true time, in one seed of five: while it leads, cluster time falls behind, and whoever leads next must not take it forward
 * (promise 9). `drift` as in the plan, a machine each.
 */
export function drawSlowClock(random: Random, drift: readonly number[]): readonly number[] {
  if (drift.length < 2 || !random.chance(0.2)) return drift;
  const slow = random.below(drift.length);
  const rate = 0.5 + 0.4 * random.next();
  return drift.map((each, i) => (i === slow ? rate - 1 : each));
}
