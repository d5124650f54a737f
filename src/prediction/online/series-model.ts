import type { History } from '../forecast.ts';
import type { InputSeries } from '../inputs/input-series.ts';
import type { SeriesOfKey } from './series-of-key.ts';

/** What a model says of the steps 1…horizon after the newest value. */
export interface ModelForecast {
  readonly model: string;
  readonly history: Pick<History, 'stepMs' | 'endMs'>;
  /** All finite. */
  readonly mean: Float64Array;
  /** Null: the model has no intervals of its own. */
  readonly lower: Float64Array | null;
  readonly upper: Float64Array | null;
  /** Numbers of the series that it was made from beside its own. */
  readonly inputs: readonly number[];
}

/** How one series is forecast until another model is chosen for it. */
export interface SeriesModel {
  /** Forecasts of several series may be under way; they are computed together as far as their models can. Null: there is too little to say anything. */
  next(
    series: SeriesOfKey,
    inputs: readonly InputSeries[],
  ): ModelForecast | null | Promise<ModelForecast | null>;
}

/** What a prediction so many steps ahead met when the model was chosen: of the past, as if it had been made then. */
export interface PastForecast {
  readonly step: number;
  readonly truth: number;
  readonly lastValue: number;
  readonly mean: number;
  readonly lower: number;
  readonly upper: number;
}

export interface Choice {
  readonly model: SeriesModel;
  readonly past: readonly PastForecast[];
}

/** Finds the model of a series. Slow: milliseconds to tens of them. */
export interface Chooser {
  readonly minimumLength: number;
  /** `inputs`: what it may follow. Null: the series does not tell enough. */
  choose(series: SeriesOfKey, horizon: number, inputs: readonly InputSeries[]): Promise<Choice | null>;
  /** For a series of which nothing is chosen yet. */
  first(horizon: number): SeriesModel;
}
