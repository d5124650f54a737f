import type { History } from '../forecast.ts';
import { callKind } from '../worker/messages.ts';

/** A number of a key that shall be forecast, or how the application behaves. */
export interface SeriesDefinition {
  /** Dense; used again once it was forgotten, and that was answered. */
  readonly id: number;
  /** Equal on all replicas: which predictions are compared between them is drawn from it. */
  readonly name: string;
  /** 0: measured. */
  readonly stepMs: number;
  readonly horizon: number;
  /** Among series when there is not time for all: the higher the earlier. */
  readonly value: number;
  /** What it is for. Absent: to be forecast. */
  readonly role?: SeriesRole;
  /** How likely its key is to change is told, too. */
  readonly changes?: true;
}

/** To be forecast, to be looked at where others are forecast that may follow it, or both. */
export type SeriesRole = 'forecast' | 'input' | 'both';

/** What one batch brings, in this order. */
export interface ObserveRequest {
  readonly forgotten: readonly number[];
  /** Again with the same name: only the value changed. */
  readonly defined: readonly SeriesDefinition[];
  /** Rows of `observationLength` numbers: series, cluster time, value (NaN: no number), revision. In order of time for each series. */
  readonly observations: Float64Array;
  readonly options: EngineLimits;
}

export const observationLength = 4;

export interface EngineLimits {
  /** Part of one core, 0 to 1. */
  readonly cpu: number;
  /** What intervals shall cover, 0 to 1. */
  readonly level: number;
  /** Somebody waits for the forecasts: all that are due are made at once, and nothing is chosen. What that takes beyond the share is waited for afterwards. */
  readonly isUrgent?: boolean;
}

export interface ObserveAnswer {
  /** See `table-row`. */
  readonly rows: Float64Array;
  /** Which a row's model is an index of. */
  readonly models: readonly string[];
  readonly figures: EngineFigures;
  /** Of candidates that failed while others went on; absent where nobody counts them. */
  readonly faults?: { readonly count: number; readonly last: string };
}

export interface EngineFigures {
  readonly series: number;
  /** Series that others may follow. */
  readonly inputs: number;
  /** With values that were not taken into their forecasts yet, for want of time. */
  readonly waiting: number;
  readonly forecasts: number;
  readonly choices: number;
  readonly cpuMs: number;
  /** Of the thread: JavaScript heap and what is outside it, bytes. */
  readonly memoryBytes: number;
  /** See `ScaledError`; null: too little is known. */
  readonly scaledError: number | null;
  /** Rows of series' hash, revision, mean one step ahead, scale: drawn alike on all replicas. See `samples`. */
  readonly samples: readonly number[];
  readonly notNumbers: number;
  readonly wentBack: number;
}

export interface ModelLoaded {
  /** sha256 of the file, hexadecimal. */
  readonly hash: string;
  readonly version: number;
}

/** A model file's bytes under its name. Refused with `model-damaged`, `model-version`, `model-invalid`. */
export const loadModelKind = callKind<{ readonly name: string; readonly bytes: Uint8Array }, ModelLoaded>(
  'online.load-model',
);

/** The pasts of series by their numbers; null: there is none, or it has fewer than two steps. */
export const historiesKind = callKind<{ readonly ids: readonly number[] }, readonly (History | null)[]>(
  'online.histories',
);

export const observeKind = callKind<ObserveRequest, ObserveAnswer>('online.observe');
