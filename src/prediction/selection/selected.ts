import { present } from '../../foundation/assert.ts';
import { type Band, Bands } from '../confidence/bands.ts';
import { levelBroken, PageHinkley } from '../confidence/drift.ts';
import type { Candidate, Forecast, History } from '../forecast.ts';
import { at, fromEnd } from '../math/at.ts';
import { profileOf } from '../series/profile.ts';
import { combined, heaviest, membersOf, refined, sharesOf } from './combine.ts';
import { Field, type Forecasts } from './field.ts';
import type { Settings } from './options.ts';
import { Scores } from './scores.ts';

/** Residuals kept per step ahead for the intervals. */
const RESIDUALS = 150;
/** Rate at which the intervals' miss rates adapt. */
const RATE = 0.025;
const VOTERS = 12;
/** See `Scores`: the median forgives a wrong voter, so its weights may be soft; what a mean takes in must be worth it. */
const VOTE_SHARPNESS = 10;
const PAIR_SHARPNESS = 120;

/** A forecast given out whose truth is not all known yet. */
interface Pending {
  /** Number of the step (time / step) that it was made at. */
  readonly origin: number;
  readonly forecasts: Forecasts;
  /** The weighted median of the candidates, before its refinement. */
  readonly base: Float64Array;
  readonly forecast: Forecast;
  readonly bands: readonly Band[];
  /** Steps whose truth is known. */
  judged: number;
}

/**
 * The models chosen for one series, kept up to date: every history handed in first judges what was forecast before, then forecasts anew
 * with models that are fitted once in a while. Nothing is read beyond the end of the history handed in.
 *
 * Usage: `selected.next(history)` at every step or every few; or `observe`, forecasts of `wanted` made elsewhere in batches, `issue`.
 */
export class Selected {
  readonly #settings: Settings;
  readonly #scores: Scores;
  /** Of the base averaged with each candidate; the last of the base alone. */
  readonly #pairs: Scores;
  readonly #bands: Bands;
  readonly #drift = new PageHinkley();
  #field: Field;
  #fittedAt: number;
  #pending: Pending[] = [];
  #seen: number;
  #wanted: readonly number[];
  /** Discounted sum and count of the selection's absolute errors. */
  #usual = { sum: 0, count: 0 };
  #last: Forecast | null = null;

  /** For `selectBestModel`, which brings it up to date by a backtest. */
  constructor(settings: Settings, start: History) {
    this.#settings = settings;
    const costs = settings.candidates.map(({ costUs }) => costUs);
    this.#scores = new Scores(costs, settings.halfLife, VOTE_SHARPNESS);
    this.#pairs = new Scores([...costs.map(() => 1), 1], 2 * settings.halfLife, PAIR_SHARPNESS);
    const { horizon, level, levels } = settings;
    this.#bands = new Bands(horizon, [level, ...levels], RESIDUALS, RATE);
    this.#field = new Field(settings, start, profileOf(start, settings.season));
    this.#seen = stepNumber(start);
    this.#fittedAt = this.#seen;
    this.#wanted = [...settings.candidates.keys()];
  }

  get field(): Field {
    return this.#field;
  }

  /** Indices of the candidates that are kept at work. */
  get wanted(): readonly number[] {
    return this.#wanted;
  }

  /** The forecast given out last. */
  get last(): Forecast | null {
    return this.#last;
  }

  /** Mean absolute error of the selection's forecasts, old ones discounted; NaN: none judged yet. */
  get error(): number {
    return this.#usual.count > 0 ? this.#usual.sum / this.#usual.count : Number.NaN;
  }

  /** How much says that errors have grown for good, 0 to 1. */
  get driftEvidence(): number {
    return this.#drift.evidence;
  }

  /** Judges by what has become known, refits when due, forecasts the steps after the history's end. */
  async next(history: History): Promise<Forecast> {
    this.observe(history);
    if (this.refitDue(history)) this.refit(history);
    const [forecasts] = await this.#field.forecast([history], this.#wanted);
    return this.issue(history, forecasts ?? []);
  }

  refitDue(history: History): boolean {
    return stepNumber(history) - this.#fittedAt >= this.#settings.refit;
  }

  /** Profile and models anew from this history. */
  refit(history: History): void {
    this.#field = new Field(this.#settings, history, profileOf(history, this.#settings.season));
    this.#fittedAt = stepNumber(history);
  }

  /** Keeps only the best so many at work. */
  narrow(most: number): void {
    const ranked = membersOf(this.#weights(null), most);
    this.#wanted = this.#wanted.filter((i) => ranked.includes(i));
  }

  /** Judges what was forecast before by the values that are new in this history. */
  observe(history: History): void {
    const now = stepNumber(history);
    const fresh = now - this.#seen;
    if (fresh <= 0) return;
    this.#seen = now;
    this.#scores.age(fresh);
    this.#pairs.age(fresh);
    const fade = 0.5 ** (fresh / this.#settings.halfLife);
    this.#usual = { sum: this.#usual.sum * fade, count: this.#usual.count * fade };
    const usual = this.error;
    if (this.#broken(history, now, usual)) {
      this.#scores.forget();
      this.#pairs.forget();
    }
    for (const pending of this.#pending) this.#judge(pending, history, now, usual);
    this.#pending = this.#pending.filter(({ judged }) => judged < this.#settings.horizon);
  }

  /** The forecast for the steps after the history's end from those of the candidates. */
  issue(history: History, forecasts: Forecasts): Forecast {
    const { horizon, candidates, level } = this.#settings;
    const votes = this.#weights(forecasts);
    const members = membersOf(votes, VOTERS);
    const base = combined(forecasts, votes, members, horizon);
    const partners = this.#pairs.weights((i) => i === forecasts.length || forecasts[i] != null);
    const mean = refined(base, forecasts, partners);
    const floor = this.#field.nonNegative ? 0 : Number.NEGATIVE_INFINITY;
    const bands = this.#bands.around(mean, floor);
    const [first, ...further] = bands;
    const { lower, upper } = present(first, 'a band of the level');
    const heavy = heaviest(sharesOf(votes, members, partners));
    const model = heavy.map((i) => this.#nameOf(candidates[i])).join('+');
    const inputs = [...new Set(heavy.flatMap((i) => this.#field.inputsOf(i)))];
    const forecast: Forecast = {
      model,
      mean,
      lower,
      upper,
      level,
      ...(inputs.length === 0 ? {} : { inputs }),
      ...(further.length === 0 ? {} : { further }),
    };
    const origin = stepNumber(history);
    // Of two that were made at one step the later one is in use.
    if (this.#pending.at(-1)?.origin === origin) this.#pending.pop();
    this.#pending.push({ origin, forecasts, base, forecast, bands, judged: 0 });
    this.#last = forecast;
    return forecast;
  }

  /** Weights by past errors; 0 for a candidate without a forecast now. */
  #weights(forecasts: Forecasts | null): Float64Array {
    return this.#scores.weights(
      (i) => this.#wanted.includes(i) && (forecasts === null ? this.#field.serves(i) : forecasts[i] != null),
    );
  }

  #judge(pending: Pending, history: History, now: number, usual: number): void {
    const known = Math.min(this.#settings.horizon, now - pending.origin);
    const { base, forecast, forecasts, bands } = pending;
    const naive = forecasts[this.#lastValueIndex()] ?? base;
    for (let step = pending.judged; step < known; step++) {
      const truth = fromEnd(history.values, now - pending.origin - 1 - step);
      if (!Number.isFinite(truth)) continue;
      const centre = at(forecast.mean, step);
      forecasts.forEach((own, i) => {
        // Who could not forecast is judged as the last value, or it would look perfect.
        if (own === null && !this.#wanted.includes(i)) return;
        const given = own ?? naive;
        this.#scores.add(i, Math.abs(truth - at(given, step)));
        this.#pairs.add(i, Math.abs(truth - (at(base, step) + at(given, step)) / 2));
      });
      this.#pairs.add(forecasts.length, Math.abs(truth - at(base, step)));
      this.#bands.observe(step, truth, centre, bands);
      const error = Math.abs(truth - centre);
      this.#usual.sum += error;
      this.#usual.count++;
      if (step === 0 && usual > 0) this.#drift.add(error / usual);
    }
    pending.judged = Math.max(pending.judged, known);
  }

  /** Whether the newest values lie far on one side of what was forecast for them. */
  #broken(history: History, now: number, usual: number): boolean {
    for (let k = this.#pending.length - 1; k >= 0; k--) {
      const pending = this.#pending[k];
      if (pending === undefined || now - pending.origin < 3) continue;
      const known = Math.min(this.#settings.horizon, now - pending.origin);
      const residuals: number[] = [];
      for (let step = Math.max(0, known - 3); step < known; step++)
        residuals.push(
          fromEnd(history.values, now - pending.origin - 1 - step) - at(pending.forecast.mean, step),
        );
      return levelBroken(residuals, usual);
    }
    return false;
  }

  /** Of a counter, whose rates are forecast, the last value is the last rate. */
  #nameOf(candidate: Candidate | undefined): string {
    if (candidate?.name === 'last-value' && this.#field.profile.kind === 'counter') return 'last-rate';
    return candidate?.name ?? '?';
  }

  #lastValueIndex(): number {
    return this.#settings.candidates.findIndex(({ name }) => name === 'last-value');
  }
}

/** Number of the last step of a history on its grid. */
export function stepNumber({ endMs, stepMs }: History): number {
  return Math.round(endMs / stepMs);
}
