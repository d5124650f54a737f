export interface Retention {
  /** Snapshots kept at most; at least 1. */
  readonly keep: number;
  /** How long one is kept, ms; the newest always is. 0: no bound. */
  readonly keepForMs: number;
}

interface Taken {
  readonly number: number;
  readonly takenAtMs: number;
}

/**
 * How many of the snapshots, oldest first, are to go. One that `isPinned` (it is being read) stays, and with it all that are newer: what is
 * kept is always the newest ones without a gap.
 */
export function snapshotsToDrop(
  snapshots: readonly Taken[],
  { keep, keepForMs }: Retention,
  nowMs: number,
  isPinned: (number: number) => boolean,
): number {
  let count = 0;
  for (const { number, takenAtMs } of snapshots) {
    const left = snapshots.length - count;
    const isTooOld = keepForMs > 0 && nowMs - takenAtMs > keepForMs;
    if (left <= 1 || (left <= keep && !isTooOld) || isPinned(number)) return count;
    count++;
  }
  return count;
}
