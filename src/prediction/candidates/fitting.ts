import type { Candidate, History, Profile } from '../forecast.ts';
import { fromEnd } from '../math/at.ts';

/** A fitted model: forecasts from the end of any later history of the same series, without fitting again. */
export interface Fitted {
  (history: History): Float64Array;
  /** Which of the history's inputs it reads; absent: none. */
  readonly inputs?: readonly number[];
}

/** A candidate whose costly part, the fit, may be kept for a while: every forecast after it costs `stepUs`. */
export interface FittingCandidate extends Candidate {
  /** CPU time of a forecast with a model that was fitted before, µs, 256 values and 12 steps. */
  readonly stepUs: number;
  /** Null: it has nothing to say of this series. */
  fit(history: History, profile: Profile, horizon: number): Fitted | null;
}

export function isFitting(candidate: Candidate): candidate is FittingCandidate {
  return 'fit' in candidate;
}

export interface Definition {
  readonly name: string;
  readonly costUs: number;
  readonly stepUs: number;
  minimumLength(profile: Profile): number;
  fit(history: History, profile: Profile, horizon: number): Fitted | null;
}

/** A candidate from its fit. */
export function fitting(definition: Definition): FittingCandidate {
  return {
    ...definition,
    forecast: (histories, profile, horizon) =>
      histories.map((history) => {
        const fitted = definition.fit(history, profile, horizon);
        return fitted?.(history) ?? new Float64Array(horizon).fill(fromEnd(history.values, 0));
      }),
  };
}
