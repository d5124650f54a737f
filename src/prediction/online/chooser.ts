import type { History } from '../forecast.ts';

/** What a backtest of a choice showed, so many steps ahead: absolute errors of the model, and of the last value at the same origins. */
export interface BacktestErrors {
  readonly step: number;
  readonly errors: Float64Array;
  readonly naive: Float64Array;
}

/** How one series is forecast until the next choice. */
export interface Chosen {
  readonly model: string;
  /** Those with the same batch are computed together. */
  readonly batch: Batch;
  /** For the steps of `scoredSteps` that could be tested. */
  readonly backtest: readonly BacktestErrors[];
}

export interface Batch {
  /** Means for the steps 1…horizon of each history; all finite. */
  forecast(
    histories: readonly History[],
    horizon: number,
  ): readonly Float64Array[] | Promise<readonly Float64Array[]>;
}

/** Finds the model of a series. Slow: tens of milliseconds; asked now and then. */
export interface Chooser {
  /** Of a history of at least `minimumLength` steps. */
  choose(history: History, horizon: number): Chosen | Promise<Chosen>;
  readonly minimumLength: number;
  /** For a series of which nothing is chosen yet. */
  readonly first: Chosen;
}
