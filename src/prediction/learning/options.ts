/** How a round of learning is done, in the worker. Equal numbers, seed and data give equal weights on one machine. */
export interface RoundOptions {
  readonly seed: string;
  readonly steps: number;
  /** Highest learning rate. */
  readonly rate: number;
  /** Windows a step, and targets a window. */
  readonly windows: number;
  readonly targets: number;
  /** Steps ahead that versions are compared at; training draws it, its half and its double. */
  readonly horizon: number;
  /** Known values that a window has at least. */
  readonly shortest: number;
  /** Part of the newest values of each series that is never trained on, 0 to 1. */
  readonly heldOut: number;
  /** Series that one round learns from and is judged on at most; of more, some are drawn. */
  readonly series: number;
  readonly bar: Bar;
}

/** What a version must show on values that it has never seen before it is published. */
export interface Bar {
  /** The geometric mean over series of its error relative to the present version's must be below 1 − margin. */
  readonly margin: number;
  /** Part of the series on which it may be worse. */
  readonly mostWorse: number;
  /** Origins, over all series, that it must have been measured at. */
  readonly leastOrigins: number;
}

export const roundDefaults: RoundOptions = {
  seed: 'round',
  steps: 300,
  rate: 1e-3,
  windows: 32,
  targets: 8,
  horizon: 12,
  shortest: 32,
  heldOut: 0.2,
  series: 256,
  bar: { margin: 0.02, mostWorse: 0.3, leastOrigins: 8 },
};

/** Horizons that a round trains. */
export function horizonsOf({ horizon }: Pick<RoundOptions, 'horizon'>): readonly number[] {
  return [...new Set([Math.max(1, Math.round(horizon / 2)), horizon, 2 * horizon])];
}

/** Values that a series must have before its held-out end, to be learnt from. */
export function leastTrained(options: Pick<RoundOptions, 'horizon' | 'shortest'>): number {
  return options.shortest + 2 * options.horizon;
}

/** Between two origins of a comparison, steps. */
export function originsEvery({ horizon }: Pick<RoundOptions, 'horizon'>): number {
  return Math.max(1, Math.floor(horizon / 4));
}
