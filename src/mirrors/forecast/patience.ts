/** A look that is due, and what is known of the resource's readers. */
export interface Waited {
  /** Since the last look, in ms. */
  readonly sinceMs: number;
  /** Reads a ms; null: nobody knows. */
  readonly readsPerMs: number | null;
  /** Of reads, those that may wait for a look, 0 to 1. */
  readonly waitingReads: number;
}

/** Mean times between reads after which readers who did not come are not counted on: they may only peek. */
const overdue = 5;

/**
 * How long a look that is due is left to the next reader, in ms; 0: it is not; null: nobody reads, and it is until somebody does.
 *
 * Where changes come at any time alike, a look is best made by a reader, who has what it finds: until then nobody reads anything stale, and no call is spent
 * on what nobody reads. But its reader waits. Of the ρu reads in an interval u the share w may: so a reader is to come within the patience with
 * chance wρu, which is 1 − e^(−ρ·patience); if none does, the look is made without one.
 */
export function patienceMs({ sinceMs, readsPerMs, waitingReads }: Waited): number | null {
  if (waitingReads === 0) return 0;
  if (readsPerMs === 0) return null;
  const waiting = waitingReads * sinceMs;
  if (readsPerMs === null) return waiting;
  const chance = waiting * readsPerMs;
  return Math.min(overdue, chance < 1 ? -Math.log(1 - chance) : overdue) / readsPerMs;
}
