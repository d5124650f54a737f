import type { NextChange } from '../../prediction/occurrence/next-change.ts';

/** Looks in a row that each found a change, after which the next may be made to learn from. */
const unrevealing = 2;
/** Half of the chance of the next change lies within more than this part of a cycle: where it is, is worth knowing. */
const vague = 0.15;
/** For so long, in parts of a cycle, it may still be made; later it would say little. */
const open = 0.1;
/** Share of the schedule's part of the burst that must be there: to learn must not cost what is known already. */
const ample = 0.4;
/** A look has just missed the change if that comes with this probability within this part of a cycle; then calls need only be there. */
const near = { probability: 0.85, part: 0.12 } as const;
const some = 0.02;

/** A look for the sake of what it says. */
export interface Probe {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Of the schedule's part of the burst. */
  readonly fill: number;
}

/**
 * When to look only to learn where in its cycle a change comes: at the median, where the answer says most (one bit), as bisection does. Looks that are dear are
 * made when the change has surely come; finding one every time, they never say when it came, and what is known of it fades. Null: it is known well enough.
 */
export function probeOf(next: NextChange, atMs: number, streak: number, cycleMs: number): Probe | null {
  // Who has no cycle has no place in it.
  if (next.model === 'daily' || next.model === 'poisson') return null;
  if (streak === 0) return secondOf(next, atMs, cycleMs);
  if (streak < unrevealing) return null;
  const spreadMs = next.quantile(0.75) - next.quantile(0.25);
  if (!(spreadMs > vague * cycleMs)) return null;
  const fromMs = atMs + next.quantile(0.5);
  return { fromMs, untilMs: fromMs + open * cycleMs, fill: ample };
}

/** After a look that came just too early one as soon as the change has come: so nearly as then it is seldom known when it comes. */
function secondOf(next: NextChange, atMs: number, cycleMs: number): Probe | null {
  const soonMs = next.quantile(near.probability);
  if (!(soonMs < near.part * cycleMs)) return null;
  return { fromMs: atMs + soonMs, untilMs: atMs + soonMs + open * cycleMs, fill: some };
}

/** Whether it is to be made now; `fill` of the schedule's part of the burst is there. */
export function isOpen(probe: Probe | null, nowMs: number, fill: number): boolean {
  return probe !== null && fill >= probe.fill && nowMs >= probe.fromMs && nowMs < probe.untilMs;
}
