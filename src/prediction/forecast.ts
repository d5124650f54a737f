/**
 * What the parts of this layer meet at. Numbers are Float64; a missing value is NaN. Time is in ms since the epoch; nothing here reads a
 * clock: times come with the data.
 */

import type { Band } from './confidence/bands.ts';

/** A series on a regular grid up to an origin, oldest first: value i belongs to the moment `endMs − (values.length − 1 − i) · stepMs`. */
export interface History {
  readonly values: Float64Array;
  readonly stepMs: number;
  readonly endMs: number;
  /** What else was known at its moments; absent: nothing. */
  readonly inputs?: Inputs;
}

/** Other series beside a history: at each of its moments what was known of them by then, nothing later. */
export interface Inputs {
  readonly count: number;
  /** Of one of them, at the last `length` moments of the history, oldest first; NaN where nothing is known. Not to be written to. */
  last(index: number, length: number): Float64Array;
  /** Those of the history as it was so many steps before. */
  before(steps: number): Inputs;
}

/** What was found out about a series from its past alone; found once and given to every candidate. */
export interface Profile {
  readonly kind: 'constant' | 'counter' | 'numeric';
  /** Seasons in steps, the strongest first; empty: none found. */
  readonly seasons: readonly number[];
  /** Index of the first value after the last lasting change of level; 0: none. */
  readonly levelSince: number;
}

/**
 * One way to forecast. Stateless: everything it knows of a series is in the history, so that a backtest may ask for many origins in one
 * call and a candidate that computes in batches (the recurrent network) is not slower for it.
 */
export interface Candidate {
  readonly name: string;
  /** CPU time of one forecast on one core, µs, as measured for 256 values and 12 steps: among equals the cheaper wins. */
  readonly costUs: number;
  /** Fewest values that it can forecast from. */
  minimumLength(profile: Profile): number;
  /**
   * Means for the steps 1…horizon after the end of each history: `[history][step]`. All finite. Histories contain no NaN (gaps are
   * filled before) and are at least `minimumLength` long.
   */
  forecast(
    histories: readonly History[],
    profile: Profile,
    horizon: number,
  ): readonly Float64Array[] | Promise<readonly Float64Array[]>;
}

/** A forecast of values with a conformal interval. Arrays have one element a step, 1…horizon. */
export interface Forecast {
  /** Name of the candidate, or of several joined by `+` where their mean won. */
  readonly model: string;
  readonly mean: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Probability that a true value lies within its interval, 0 to 1: what is held, not what is hoped (adapted on what was seen). */
  readonly level: number;
  /** Intervals of the further levels that were asked for, in that order; absent: none. */
  readonly further?: readonly Band[];
  /** Which of the history's inputs it was made from; absent: none. */
  readonly inputs?: readonly number[];
}
