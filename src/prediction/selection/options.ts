import type { Candidate } from '../forecast.ts';

export interface SelectionOptions {
  /** Any list that contains the last value; the order decides nothing. */
  readonly candidates: readonly Candidate[];
  /** Steps ahead. */
  readonly horizon: number;
  /** Share of truths within their interval, 0 to 1. Default 0.9. */
  readonly level?: number;
  /** Further levels that intervals are given for. Default: none. */
  readonly levels?: readonly number[];
  /** A season known beforehand, steps. */
  readonly season?: number | null;
  /** Steps between the origins of the backtest. Default: half the horizon, less where the history is short. */
  readonly spacing?: number;
  /** Most origins of the backtest. Default 100. */
  readonly origins?: number;
  /** Steps after which profile and models are found anew. Default: eight horizons, at most an eighth of the history. */
  readonly refit?: number;
  /** Most candidates that are kept at work after the selection; the rest wait for the next selection. Default: all. */
  readonly members?: number;
  /** A candidate failed (the recurrent network's worker died): the others go on without it. Default: nothing. */
  readonly onFault?: (candidate: string, error: unknown) => void;
}

export interface Settings extends Required<SelectionOptions> {
  /** Steps after which an error counts half. */
  readonly halfLife: number;
}

/** Origins that a backtest should have, if the history allows, so that chance does not choose. */
const ENOUGH_ORIGINS = 60;

/** The defaults for a history of `length` values. */
export function settingsOf(options: SelectionOptions, length: number): Settings {
  const { horizon } = options;
  const dense = Math.floor((0.6 * length) / ENOUGH_ORIGINS);
  return {
    level: 0.9,
    levels: [],
    season: null,
    spacing: Math.max(1, Math.min(Math.floor(horizon / 2), dense)),
    origins: 100,
    refit: Math.max(horizon, Math.min(8 * horizon, Math.floor(length / 8))),
    members: Number.POSITIVE_INFINITY,
    onFault: () => {},
    ...options,
    halfLife: 15 * horizon,
  };
}
