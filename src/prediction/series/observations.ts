/** Raw observations of one series in the order in which they came. A value that is no number is NaN. */
export interface Observations {
  readonly timesMs: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** What was wrong with observations and put right; all 0 for a clean series. Counts of observations, but for `filled` and `gaps`. */
export interface Repairs {
  /** Without a finite time or value: left out. */
  readonly unreadable: number;
  /** Older than one before them: put where their time says. */
  readonly backwards: number;
  /** Of the same step as another: the later one counts. */
  readonly duplicates: number;
  /** Steps without an observation, filled. */
  readonly filled: number;
  /** Gaps too long to fill: what was before them is left out. */
  readonly gaps: number;
}

/** A larger number can't be forecast from: squares of it have no end. */
export const largestNumber = 1e100;

/** Whether it is a number, and none too large. */
export function isUsable(value: number): boolean {
  return Math.abs(value) <= largestNumber;
}
