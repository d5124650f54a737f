import type { Candidate } from '../forecast.ts';

export interface SelectionOptions {
  /** Any list that contains the last value; the order decides nothing. */
  readonly candidates: readonly Candidate[];
  /** Steps ahead. */
  readonly horizon: number;
  /** Share of truths within their interval, 0 to 1. Default 0.9. */
  readonly level?: number;
  /** A season known beforehand, steps. */
  readonly season?: number | null;
  /** Steps between the origins of the backtest. Default: half the horizon. */
  readonly spacing?: number;
  /** Most origins of the backtest. Default 100. */
  readonly origins?: number;
  /** Steps after which profile and models are found anew. Default: eight horizons. */
  readonly refit?: number;
  /** Most candidates that are kept at work after the selection; the rest wait for the next selection. Default: all. */
  readonly members?: number;
}

export interface Settings extends Required<SelectionOptions> {
  /** Steps after which an error counts half. */
  readonly halfLife: number;
}

export function settingsOf(options: SelectionOptions): Settings {
  const { horizon } = options;
  return {
    level: 0.9,
    season: null,
    spacing: Math.max(1, Math.floor(horizon / 2)),
    origins: 100,
    refit: 8 * horizon,
    members: Number.POSITIVE_INFINITY,
    ...options,
    halfLife: 15 * horizon,
  };
}
