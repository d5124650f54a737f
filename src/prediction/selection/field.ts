import { type Fitted, type FittingCandidate, isFitting } from '../candidates/fitting.ts';
import { lastValue } from '../candidates/last-value.ts';
import type { Candidate, History, Profile } from '../forecast.ts';
import { fromEnd } from '../math/at.ts';
import { accumulated, ratesOf } from '../series/counter.ts';
import { type Bounds, boundsOf, sane } from './bounds.ts';
import type { Settings } from './options.ts';

/** A forecast of every candidate, by its index; null where it cannot forecast this series (too short, no season). */
export type Forecasts = readonly (Float64Array | null)[];

/** The candidates in front of one series: its profile, and the models fitted to it until the next refit. */
export class Field {
  readonly profile: Profile;
  readonly #candidates: readonly Candidate[];
  readonly #horizon: number;
  readonly #fitted = new Map<number, Fitted | null>();
  readonly #start: History;
  readonly #bounds: Bounds;
  readonly #onFault: Settings['onFault'];

  /** `start`: what models are fitted to; later histories are only continued from. */
  constructor(
    { candidates, horizon, onFault }: Pick<Settings, 'candidates' | 'horizon' | 'onFault'>,
    start: History,
    profile: Profile,
  ) {
    this.profile = profile;
    this.#candidates = candidates;
    this.#start = start;
    this.#horizon = horizon;
    this.#onFault = onFault;
    this.#bounds = boundsOf(start.values);
  }

  /** Whether the series was never negative when the models were fitted. */
  get nonNegative(): boolean {
    return this.#bounds.low >= 0;
  }

  /** Whether a candidate has anything to say about the series. */
  serves(index: number): boolean {
    const candidate = this.#candidates[index];
    if (candidate === undefined) return false;
    if (this.profile.kind === 'constant') return candidate === lastValue;
    const length = this.#start.values.length - (this.profile.kind === 'counter' ? 1 : 0);
    return length >= candidate.minimumLength(this.profile);
  }

  /** Which of the inputs of histories a candidate's forecasts are made from. */
  inputsOf(index: number): readonly number[] {
    return this.#fitted.get(index)?.inputs ?? [];
  }

  /** `[history][candidate]` for the candidates wanted, each history an equal or a longer one than the field began with. */
  async forecast(histories: readonly History[], wanted: readonly number[]): Promise<readonly Forecasts[]> {
    const results = histories.map((): (Float64Array | null)[] => this.#candidates.map(() => null));
    for (const index of wanted) {
      if (!this.serves(index)) continue;
      const candidate = this.#candidates[index];
      if (candidate === undefined) continue;
      const answers = isFitting(candidate)
        ? this.#sync(index, candidate, histories)
        : await this.#batch(candidate, histories);
      answers.forEach((answer, k) => {
        const row = results[k];
        const history = histories[k] ?? this.#start;
        if (row !== undefined) row[index] = sane(answer, fromEnd(history.values, 0), this.#reach(history));
      });
    }
    return results;
  }

  #sync(index: number, candidate: FittingCandidate, histories: readonly History[]): readonly Float64Array[] {
    const counter = this.profile.kind === 'counter';
    let fitted = this.#fitted.get(index);
    if (fitted === undefined) {
      const past = counter ? ratesOf(this.#start) : this.#start;
      fitted = candidate.fit(past, this.profile, this.#horizon);
      this.#fitted.set(index, fitted);
    }
    if (fitted === null) return [];
    const model = fitted;
    return histories.map((history) =>
      counter ? accumulated(fromEnd(history.values, 0), model(ratesOf(history))) : model(history),
    );
  }

  async #batch(candidate: Candidate, histories: readonly History[]): Promise<readonly Float64Array[]> {
    const counter = this.profile.kind === 'counter';
    try {
      const asked = counter ? histories.map(ratesOf) : histories;
      const answers = await candidate.forecast(asked, this.profile, this.#horizon);
      if (!counter) return answers;
      return answers.map((ahead, k) =>
        accumulated(fromEnd(histories[k]?.values ?? new Float64Array(0), 0), ahead),
      );
    } catch (error) {
      this.#onFault(candidate.name, error);
      return [];
    }
  }

  /** The bounds at the start, widened by what came since. */
  #reach({ values, endMs, stepMs }: History): Bounds {
    const fresh = Math.round((endMs - this.#start.endMs) / stepMs);
    if (fresh <= 0) return this.#bounds;
    const { low, high } = boundsOf(values.subarray(-fresh));
    return { low: Math.min(low, this.#bounds.low), high: Math.max(high, this.#bounds.high) };
  }
}
