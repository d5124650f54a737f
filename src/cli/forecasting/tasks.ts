import type { SeriesBacktest } from '../../prediction/selection/backtest.ts';
import type { NamedSeries } from './read-series.ts';

/** What a worker thread is asked, one series at a time. */
export interface Task {
  readonly kind: 'forecast' | 'backtest' | 'm4';
  readonly series: NamedSeries;
  readonly horizon: number;
  readonly season: number | null;
  readonly level: number;
  /** Of a forecast: quantiles that are wanted, 0 to 1. */
  readonly quantiles: readonly number[];
  /** Most origins of a backtest, the newest; null: all. */
  readonly origins: number | null;
  /** One of many of a kind: what is learned of one says something of the others. */
  readonly common: boolean;
}

export interface SeriesForecast {
  readonly kind: 'forecast';
  readonly series: string;
  readonly model: string;
  /** Columns that it was made from beside its own past. */
  readonly inputs: readonly string[];
  /** Of each step, ms since the epoch. */
  readonly timesMs: readonly number[];
  /** From one to the next; of months the mean. */
  readonly stepMs: number;
  readonly mean: readonly number[];
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  /** In the order that they were asked for. */
  readonly quantiles: readonly Quantile[];
}

export interface Quantile {
  /** Of truths below. */
  readonly share: number;
  readonly values: readonly number[];
}

export interface BacktestAnswer extends SeriesBacktest {
  readonly kind: 'backtest';
  readonly series: string;
}

/** Accuracy at one origin in the measures of the M4 competition; `naive2` is what they are scaled by. */
export interface M4Answer {
  readonly kind: 'm4';
  readonly series: string;
  readonly model: string;
  readonly rows: readonly M4Row[];
  readonly naive2: { readonly smape: number; readonly mase: number };
}

export interface M4Row {
  readonly model: string;
  readonly mae: number;
  readonly relMae: number;
  readonly coverage: number | null;
  readonly smape: number;
  readonly mase: number;
}

export type Answer = SeriesForecast | BacktestAnswer | M4Answer;
