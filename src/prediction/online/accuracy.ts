/**
 * What became of the predictions of one series, by how many steps ahead they were made. Scored are the steps 1, 2, 4 … 64; between them is
 * interpolated. Everything fades (by half in about 44 scored predictions), so it is as of late.
 */

export const scoredSteps = [1, 2, 4, 8, 16, 32, 64] as const;
const mostWeight = 1 / 64;
/** Of the tracker: how far a miss moves the interval, in mean errors. */
const gain = 0.3;

/** One of `scoredSteps`. */
interface Bucket {
  readonly step: number;
  /** Rows of target, mean, half width, last value, oldest first: what waits for its truth. */
  readonly waiting: number[];
  count: number;
  good: number;
  covered: number;
  error: number;
  naiveError: number;
  halfWidth: number;
}

const rowLength = 4;

export class Accuracy {
  readonly #level: number;
  readonly #buckets: readonly Bucket[];

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

  /** Predictions that met their truth. */
  get scored(): number {
    return this.#buckets[0]?.count ?? 0;
  }

  /** Mean absolute error one step ahead, and that of the last value. */
  get error(): number {
    return this.#buckets[0]?.error ?? 0;
  }
  get naiveError(): number {
    return this.#buckets[0]?.naiveError ?? 0;
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

  /** Half the width of the interval so many steps ahead. */
  halfWidth(step: number): number {
    return this.#between(step, (bucket) => bucket.halfWidth);
  }

  /** Remembers a forecast until its truth is known: `mean[i]` is for `endMs + (i + 1) · stepMs`. */
  predicted(endMs: number, stepMs: number, lastValue: number, mean: Float64Array): void {
    for (const bucket of this.#buckets) {
      const value = mean[bucket.step - 1];
      if (value === undefined) continue;
      bucket.waiting.push(endMs + bucket.step * stepMs, value, bucket.halfWidth, lastValue);
      const tooMany = bucket.waiting.length - bucket.step * rowLength;
      if (tooMany > 0) bucket.waiting.splice(0, tooMany);
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
      let done = 0;
      while (done < waiting.length) {
        const [targetMs = 0, mean = 0, halfWidth = 0, last = 0] = waiting.slice(done, done + rowLength);
        if (targetMs > timeMs + stepMs / 2) break;
        const truth = targetMs < timeMs - stepMs / 2 ? before : value;
        done += rowLength;
        if (!Number.isFinite(truth)) continue;
        this.#score(bucket, Math.abs(truth - mean), Math.abs(truth - last), halfWidth);
        if (bucket.step === 1) oneStep = Math.abs(truth - mean);
      }
      if (done > 0) waiting.splice(0, done);
    }
    return oneStep;
  }

  /** What a backtest says before anything was met in use: absolute errors of the model and of the last value, so many steps ahead. */
  seed(step: number, errors: Float64Array, naive: Float64Array): void {
    const bucket = this.#buckets.find((each) => each.step === step);
    if (bucket === undefined || errors.length === 0) return;
    const sorted = Float64Array.from(errors).sort();
    // The conformal rank: of n errors the ⌈(n + 1) · level⌉-th smallest.
    const rank = Math.min(sorted.length, Math.ceil((sorted.length + 1) * this.#level));
    bucket.halfWidth = Math.max(sorted[rank - 1] ?? 0, bucket.count > 0 ? bucket.halfWidth : 0);
    if (bucket.count > 0) return;
    for (let i = 0; i < errors.length; i++)
      this.#score(bucket, errors[i] ?? 0, naive[i] ?? 0, bucket.halfWidth, false);
    // Known from the past alone: what is met in use soon counts more.
    bucket.count = Math.min(bucket.count, 8);
  }

  /** What waits is of a model or of a past that is no more. */
  forgetWaiting(): void {
    for (const { waiting } of this.#buckets) waiting.length = 0;
  }

  #score(bucket: Bucket, error: number, naive: number, halfWidth: number, moves = true): void {
    bucket.count++;
    const weight = Math.max(mostWeight, 1 / (bucket.count + 2));
    const inside = error <= halfWidth ? 1 : 0;
    const good = inside === 1 && error <= naive * (1 + 1e-9) ? 1 : 0;
    bucket.good += (good - bucket.good) * weight;
    bucket.covered += (inside - bucket.covered) * weight;
    const share = bucket.count === 1 ? 1 : weight;
    bucket.error += (error - bucket.error) * share;
    bucket.naiveError += (naive - bucket.naiveError) * share;
    if (!moves) return;
    // Conformal by feedback (Angelopoulos et al. 2023, quantile tracking): a miss widens by `level` parts, a hit narrows by the rest, so that
    // the level is held in the long run whatever the series does.
    bucket.halfWidth = Math.max(0, bucket.halfWidth + gain * bucket.error * (this.#level - inside));
  }

  #between(step: number, of: (bucket: Bucket) => number): number {
    let below: Bucket | null = null;
    for (const bucket of this.#buckets) {
      if (bucket.step >= step) {
        if (below === null || bucket.step === step) return of(bucket);
        const part = (Math.log2(step) - Math.log2(below.step)) / (Math.log2(bucket.step) - Math.log2(below.step));
        return of(below) + part * (of(bucket) - of(below));
      }
      below = bucket;
    }
    return below === null ? 0 : of(below);
  }
}
