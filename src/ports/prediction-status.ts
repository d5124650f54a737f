import type { ByteString } from '../foundation/bytes.ts';
import type { NodeId } from '../foundation/ids.ts';
import type { PredictableSpace } from './prediction.ts';

/**
 * How a node's predictor does. `off`: by its config; `learning`: it finds its keys and their past; `restarting`: its thread died or hung and is made
 * anew; `failed`: that happened several times in a row, and is still tried again now and then. Whatever it is, the cluster works on.
 */
export type PredictorState = 'off' | 'learning' | 'running' | 'restarting' | 'failed';
export const predictorStates = [
  'off',
  'learning',
  'running',
  'restarting',
  'failed',
] as const satisfies readonly PredictorState[];

export interface PredictionStatus {
  readonly state: PredictorState;
  readonly keys: number;
  readonly series: number;
  readonly mostSeries: number;
  /** Keys whose policy asks for predictions and that the budget leaves out. */
  readonly refused: number;
  /** Series with a forecast at hand. */
  readonly ready: number;
  /** Series of how the application behaves, which are forecast beside those of keys. */
  readonly behaviour: number;
  /** Of both, those with values that their forecasts do not know yet. */
  readonly waiting: number;
  readonly forecasts: number;
  readonly choices: number;
  /** Calls of the predictor that failed, faults of its thread, and candidates that failed while the forecasts went on without them. */
  readonly errors: number;
  readonly lastError: string | null;
  /** Part of one core of late. */
  readonly cpuShare: number;
  readonly memoryBytes: number;
  /** Rolling standardised error one step ahead: 1 is as good as the last value. Null: too little is known. */
  readonly scaledError: number | null;
  /** Values that were no numbers, changes that were dropped unseen, and times that the clock of a series went back. */
  readonly notNumbers: number;
  readonly dropped: number;
  readonly wentBack: number;
  /** Predictions made for promotions since the start. */
  readonly preApplied: number;
  /** Those of failovers, whoever made them, that met their truth since the start. */
  readonly met: PredictionsMet;
  /** Of the models of the log: those that are loaded, and why others are not. */
  readonly models: readonly LoadedModel[];
}

/** Predictions that were applied at failovers, against the truth that came afterwards. */
export interface PredictionsMet {
  readonly count: number;
  /** Mean errors of their numbers, and of the last true values in their place: 0 to 1, in parts of the largest of both and half the interval. */
  readonly error: number;
  readonly lastError: number;
}

export interface LoadedModel {
  readonly name: string;
  readonly hash: string;
  /** Why it is not used; null: it is. */
  readonly fault: string | null;
}

/** What is forecast of one number of one key, as a node holds it ready. */
export interface SeriesForecast {
  readonly space: PredictableSpace;
  readonly key: ByteString;
  /** JSON pointer; empty: the value itself. */
  readonly pointer: string;
  readonly model: string;
  /** Names of the series of behaviour that it was made from beside its own; see `PredictionsReport.behaviour`. */
  readonly inputs: readonly string[];
  /** Between two values, ms; measured unless the policy says it. */
  readonly stepMs: number;
  /** Cluster time of the newest value that the forecast knows, and that value. */
  readonly endMs: number;
  readonly lastValue: number;
  /** Of the steps 1…horizon. */
  readonly mean: readonly number[];
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  readonly confidence: readonly number[];
  /** Probability that the key changes until the end of each step, as of now; none: too few changes are known. */
  readonly changeProbability: readonly number[];
  /** Values that are remembered, and predictions one step ahead that met their truth. */
  readonly observations: number;
  readonly scored: number;
  /** Running mean absolute error one step ahead, and that of the last value. */
  readonly error: number;
  readonly naiveError: number;
  /** Part of the truths that lay within their intervals of late. */
  readonly coverage: number;
}

/** Which number of which key; series are in order of key, space, pointer. */
export type SeriesName = Pick<SeriesForecast, 'space' | 'key' | 'pointer'>;

/** What is remembered of a series that is forecast: on a grid that ends at `endMs` of cluster time. */
export interface SeriesPast extends SeriesName {
  readonly stepMs: number;
  readonly endMs: number;
  readonly values: Float64Array;
}

export interface SeriesPasts {
  readonly node: NodeId;
  /** Those with two steps or more. */
  readonly series: readonly SeriesPast[];
  /** The last one that was looked at, to ask for what comes after it; null: there was none. */
  readonly last: SeriesName | null;
  readonly more: boolean;
}

export interface PredictionsReport {
  readonly node: NodeId;
  readonly status: PredictionStatus;
  readonly series: readonly SeriesForecast[];
  /** There are more than were asked for. */
  readonly more: boolean;
  /** How the application behaves on this node; `key`: the name of the series. */
  readonly behaviour: readonly SeriesForecast[];
}
