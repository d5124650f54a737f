/**
 * What became of the predictions of one series, by how many steps ahead they were made. Scored are the steps 1, 2, 4 … 64; between them is
 * interpolated. Everything fades (by half in about 44 scored predictions), so it is as of late.
 */

import type { PastForecast } from './series-model.ts';

export const scoredSteps = [1, 2, 4, 8, 16, 32, 64] as const;
const leastWeight = 1 / 64;
/** Of the tracker: how far a miss moves an interval, in mean errors. */
const gain = 0.3;
/** What a backtest found counts as so many predictions in use. */
const mostFromPast = 16;

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
  /** Of intervals where the model has none. */
  halfWidth: number;
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
  readonly #buckets: readonly Bucket[];
  /** Mean change from one true value to the next, whatever model was in use; and how many of them it knows. */
  #change = { mean: 0, count: 0 };
  /** Over all scored steps, since the beginning. */
  readonly #met = { error: 0, naive: 0 };

  /** `level`: what the intervals shall cover, 0 to 1. */
  constructor(horizon: number, level: number) {
    this.#level = level;
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
        halfWidth: 0,
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
    return this.#between(step, (bucket) => bucket.halfWidth);
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
        this.#met.error += Math.abs(truth - next.mean);
        this.#met.naive += Math.abs(truth - next.lastValue);
        if (bucket.step !== 1) continue;
        oneStep = Math.abs(truth - next.mean);
        this.#change.count++;
        const share = Math.max(leastWeight, 1 / this.#change.count);
        this.#change.mean += (Math.abs(truth - next.lastValue) - this.#change.mean) * share;
      }
    }
    return oneStep;
  }

  /** Another model is in use from now on: of it is known what its choice found in the past. The figures of the one before are not its own. */
  begin(past: readonly PastForecast[]): void {
    this.forgetWaiting();
    for (const bucket of this.#buckets) {
      Object.assign(bucket, { count: 0, good: 0.5, covered: this.#level, error: 0, naiveError: 0 });
      for (const met of past) if (met.step === bucket.step) this.#score(bucket, met.truth, met);
      bucket.count = Math.min(bucket.count, mostFromPast);
    }
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
    // Conformal by feedback (Angelopoulos et al. 2023, quantile tracking): a miss widens by `level` parts, a hit narrows by the rest, so that
    // the level is held in the long run whatever the series does.
    const outside = error > bucket.halfWidth ? 1 : 0;
    bucket.halfWidth = Math.max(0, bucket.halfWidth + gain * bucket.error * (this.#level - 1 + outside));
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
