/**
 * What became of the predictions of one series, by how many steps ahead they were made. Scored are the steps 1, 2, 4 … 64; between them is
 * interpolated. Everything fades (by half in about 44 scored predictions), so it is as of late.
 */

import { normalQuantile } from '../math/normal.ts';
import { studentAt } from '../math/student.ts';
import type { PastForecast } from './series-model.ts';

export const scoredSteps = [1, 2, 4, 8, 16, 32, 64] as const;
const leastWeight = 1 / 64;
/** Of the tracker: how far a miss moves an interval, in mean errors. */
const gain = 0.3;
/** What a backtest found counts as so many predictions in use. */
const mostFromPast = 16;
/** What the steps before say of a step's errors counts as so many of them. */
const neighbour = 3;
/** After so many independent errors feedback has found the width; after half as many it begins to be trusted. */
const enough = 40;

/** One of `scoredSteps`. */
interface Bucket {
  readonly step: number;
  /** Oldest first: what waits for its truth. */
  readonly waiting: Waiting[];
  count: number;
  good: number;
  covered: number;
  error: number;
  naiveError: number;
  /** Mean of its squares. */
  square: number;
  /** Of intervals where the model has none: followed by feedback, and what it is at least while errors are few. */
  halfWidth: number;
  least: number;
}

interface Waiting {
  readonly targetMs: number;
  readonly mean: number;
  readonly lower: number;
  readonly upper: number;
  readonly lastValue: number;
}

export interface Predicted {
  readonly endMs: number;
  readonly stepMs: number;
  readonly lastValue: number;
  readonly mean: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

export class Accuracy {
  readonly #level: number;
  /** Of the normal distribution, for one side of `#level`. */
  readonly #z: number;
  readonly #buckets: readonly Bucket[];
  /** Mean change from one true value to the next, whatever model was in use; and how many of them it knows. */
  #change = { mean: 0, count: 0 };
  /** Over all scored steps, since the beginning. */
  readonly #met = { error: 0, naive: 0 };

  /** `level`: what the intervals shall cover, 0 to 1. */
  constructor(horizon: number, level: number) {
    this.#level = level;
    this.#z = normalQuantile((1 + level) / 2);
    this.#buckets = scoredSteps
      .filter((step) => step <= horizon)
      .map((step) => ({
        step,
        waiting: [],
        count: 0,
        good: 0.5,
        covered: level,
        error: 0,
        naiveError: 0,
        square: 0,
        halfWidth: 0,
        least: 0,
      }));
  }

  /** Predictions one step ahead that met their truth. */
  get scored(): number {
    return this.#buckets[0]?.count ?? 0;
  }

  /** What the last value errs one step ahead, whatever model was in use: the truth alone decides it. */
  get scale(): number {
    return this.#change.mean;
  }

  /** Mean absolute error one step ahead of the model in use, and that of the last value beside it. */
  get error(): number {
    return this.#buckets[0]?.error ?? 0;
  }
  get naiveError(): number {
    return this.#buckets[0]?.naiveError ?? 0;
  }

  /** Sums of the absolute errors of all predictions that met their truth, of every scored step, and of those of the last value. They only grow. */
  get met(): { readonly error: number; readonly naive: number } {
    return this.#met;
  }

  /** Part of the truths within their intervals, over all scored steps. */
  get coverage(): number {
    let sum = 0;
    for (const { covered } of this.#buckets) sum += covered;
    return this.#buckets.length === 0 ? this.#level : sum / this.#buckets.length;
  }

  /**
   * The probability, as measured on this series, that a prediction so many steps ahead is good: the truth lies within its interval **and** no further
   * from the prediction than from the last true value, which is what anyone would go on with who had no prediction. 0.5 before anything is known.
   */
  confidence(step: number): number {
    return this.#between(step, (bucket) => bucket.good);
  }

  /** Half the width of an interval so many steps ahead, for a model that has none. */
  halfWidth(step: number): number {
    const width = (of: Bucket | undefined): number =>
      of === undefined ? 0 : Math.max(of.halfWidth, of.least);
    const [before, last] = [this.#buckets.at(-2), this.#buckets.at(-1)];
    if (last === undefined || step <= last.step) return this.#between(step, width);
    // On as it grew; that of errors that add up doubles in four times as many steps.
    const growth = width(before) === 0 ? 1 : Math.min(Math.SQRT2, Math.max(1, width(last) / width(before)));
    return width(last) * growth ** Math.log2(step / last.step);
  }

  /** Remembers a forecast until its truth is known: element i is for `endMs + (i + 1) · stepMs`. Of those made within one step it is the first. */
  predicted({ endMs, stepMs, lastValue, mean, lower, upper }: Predicted): void {
    for (const { step, waiting } of this.#buckets) {
      const [middle, low, high] = [mean[step - 1], lower[step - 1], upper[step - 1]];
      if (middle === undefined || low === undefined || high === undefined) continue;
      const targetMs = endMs + step * stepMs;
      const newest = waiting[waiting.length - 1];
      if (newest !== undefined && targetMs > newest.targetMs && targetMs < newest.targetMs + stepMs / 2)
        continue;
      waiting.push({ targetMs, mean: middle, lower: low, upper: high, lastValue });
      if (waiting.length > step) waiting.shift();
    }
  }

  /**
   * A true value arrived. Predictions for moments that it leaves behind meet the value that was true until then, `before`. Says the error one step ahead
   * if one was scored, else NaN.
   */
  found(timeMs: number, value: number, before: number, stepMs: number): number {
    let oneStep = Number.NaN;
    let isMet = false;
    for (const bucket of this.#buckets) {
      const { waiting } = bucket;
      for (
        let next = waiting[0];
        next !== undefined && next.targetMs <= timeMs + stepMs / 2;
        next = waiting[0]
      ) {
        waiting.shift();
        const truth = next.targetMs < timeMs - stepMs / 2 ? before : value;
        if (!Number.isFinite(truth)) continue;
        this.#score(bucket, truth, next);
        isMet = true;
        this.#met.error += Math.abs(truth - next.mean);
        this.#met.naive += Math.abs(truth - next.lastValue);
        if (bucket.step !== 1) continue;
        oneStep = Math.abs(truth - next.mean);
        this.#change.count++;
        const share = Math.max(leastWeight, 1 / this.#change.count);
        this.#change.mean += (Math.abs(truth - next.lastValue) - this.#change.mean) * share;
      }
    }
    if (isMet) this.#measure();
    return oneStep;
  }

  /** Another model is in use from now on: of it is known what its choice found in the past. The figures of the one before are not its own. */
  begin(past: readonly PastForecast[]): void {
    this.forgetWaiting();
    for (const bucket of this.#buckets) {
      Object.assign(bucket, {
        count: 0,
        good: 0.5,
        covered: this.#level,
        error: 0,
        naiveError: 0,
        square: 0,
      });
      for (const met of past) if (met.step === bucket.step) this.#score(bucket, met.truth, met);
      bucket.count = Math.min(bucket.count, mostFromPast);
    }
    this.#measure();
  }

  /** What waits is of a past that is no more. */
  forgetWaiting(): void {
    for (const { waiting } of this.#buckets) waiting.length = 0;
  }

  #score(bucket: Bucket, truth: number, { mean, lower, upper, lastValue }: Omit<Waiting, 'targetMs'>): void {
    bucket.count++;
    const weight = Math.max(leastWeight, 1 / (bucket.count + 2));
    const error = Math.abs(truth - mean);
    const naive = Math.abs(truth - lastValue);
    const inside = truth >= lower && truth <= upper ? 1 : 0;
    const good = inside === 1 && error <= naive * (1 + 1e-9) ? 1 : 0;
    bucket.good += (good - bucket.good) * weight;
    bucket.covered += (inside - bucket.covered) * weight;
    const share = bucket.count === 1 ? 1 : weight;
    bucket.error += (error - bucket.error) * share;
    bucket.naiveError += (naive - bucket.naiveError) * share;
    bucket.square += (error ** 2 - bucket.square) * share;
    // Conformal by feedback (Angelopoulos et al. 2023, quantile tracking): a miss widens by `level` parts, a hit narrows by the rest, so that
    // the level is held in the long run whatever the series does.
    const outside = error > bucket.halfWidth ? 1 : 0;
    bucket.halfWidth = Math.max(0, bucket.halfWidth + gain * bucket.error * (this.#level - 1 + outside));
  }

  /**
   * Few errors say little of how large the next may be, and feedback has not found the width yet: then it is at least that of Student's t for as many
   * independent ones, with the steps before as further evidence of their size, as errors add up.
   */
  #measure(): void {
    let before = { step: 1, freedom: 0, variance: 0 };
    for (const bucket of this.#buckets) {
      const { step, count, square } = bucket;
      // Forecasts made one step apart share all of their steps but one.
      const independent = count === 0 ? 0 : Math.max(1, count / (2 * step - 1));
      const weight = Math.min(before.freedom, neighbour);
      const freedom = independent + weight;
      const grown = (before.variance * step) / before.step;
      const variance = freedom === 0 ? 0 : (independent * square + weight * grown) / freedom;
      const few = Math.min(1, 2 * (1 - independent / enough));
      bucket.least = few <= 0 || freedom < 1 ? 0 : few * studentAt(this.#z, freedom) * Math.sqrt(variance);
      before = { step, freedom, variance };
    }
  }

  #between(step: number, of: (bucket: Bucket) => number): number {
    let below: Bucket | null = null;
    for (const bucket of this.#buckets) {
      if (bucket.step >= step) {
        if (below === null || bucket.step === step) return of(bucket);
        const part =
          (Math.log2(step) - Math.log2(below.step)) / (Math.log2(bucket.step) - Math.log2(below.step));
        return of(below) + part * (of(bucket) - of(below));
      }
      below = bucket;
    }
    return below === null ? 0 : of(below);
  }
}
