import type { Random } from '../../foundation/random.ts';

/** A machine whose clocks run far too slow: while it leads, cluster time falls behind, and whoever leads next must not take it forward (promise 9). */
export interface SlowClock {
  readonly machine: number;
  /** Of true time. */
  readonly rate: number;
}

/** Of one seed in five. */
export function drawSlowClock(random: Random, nodes: number): SlowClock | null {
  if (nodes < 2 || !random.chance(0.2)) return null;
  return { machine: random.below(nodes), rate: 0.5 + 0.4 * random.next() };
}
