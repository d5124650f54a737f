import type { NextChange } from '../../prediction/occurrence/next-change.ts';

/** Looks in a row that each found a change, after which the next may be made to learn from. */
const unrevealing = 2;
/** Half of the chance of the next change lies within more than this part of a cycle: where it is, is worth knowing. */
const vague = 0.15;
/** For so long, in parts of a cycle, it may still be made; later it would say little. */
const open = 0.1;
/** Share of the schedule's part of the burst that must be there: to learn must not cost what is known already. */
const ample = 0.4;

/** A look for the sake of what it says. */
export interface Probe {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * When to look only to learn where in its cycle a change comes: at the median, where the answer says most (one bit), as bisection does. Looks that are dear are
 * made when the change has surely come; finding one every time, they never say when it came, and what is known of it fades. Null: it is known well enough.
 */
export function probeOf(next: NextChange, atMs: number, streak: number, cycleMs: number): Probe | null {
  // Who has no cycle has no place in it.
  if (streak < unrevealing || next.model === 'daily' || next.model === 'poisson') return null;
  const spreadMs = next.quantile(0.75) - next.quantile(0.25);
  if (!(spreadMs > vague * cycleMs)) return null;
  const fromMs = atMs + next.quantile(0.5);
  return { fromMs, untilMs: fromMs + open * cycleMs };
}

/** Whether it is to be made now; `fill` of the schedule's part of the burst is there. */
export function isOpen(probe: Probe | null, nowMs: number, fill: number): boolean {
  return probe !== null && fill >= ample && nowMs >= probe.fromMs && nowMs < probe.untilMs;
}
