import { mutant } from '../../foundation/mutants.ts';
import { at } from '../math/at.ts';
import { normalQuantile } from '../math/normal.ts';
import { studentAt } from '../math/student.ts';
import { Residuals } from './residuals.ts';

/** Residuals needed at a step before its miss rates adapt. */
const LEAST = 8;
/** What the steps before say of a step's errors counts as so many residuals. */
const NEIGHBOUR = 3;

/**
 * Conformal intervals per step ahead that adapt online. Each side of each step keeps the last residuals (truth − mean) and a miss rate
 * `alpha` of its own which rises after every hit and falls after every miss (adaptive conformal inference, Gibbs & Candès 2021), so that
 * over time the stated share of truths lies within, whatever the errors' distribution and however it changes.
 *
 * A quantile of n residuals says nothing beyond the largest of them, and of forecasts that overlap n is far fewer. So where they are too few for the
 * level, the interval is at least that of Student's t for as many independent ones, with the steps before as further evidence of the errors' size.
 */
export class ConformalIntervals {
  readonly level: number;
  readonly #residuals: readonly Residuals[];
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #rate: number;
  /** Of the normal distribution, for one side. */
  readonly #z: number;
  /** Of each step: variance of its errors, and degrees of freedom that this is known with; right up to `#known`. */
  readonly #variance: Float64Array;
  readonly #freedom: Float64Array;
  #known = 0;

  constructor(horizon: number, level: number, window: number, rate: number) {
    this.level = level;
    this.#rate = rate;
    this.#residuals = Array.from({ length: horizon }, (_, step) => new Residuals(window, step + 1));
    this.#low = new Float64Array(horizon).fill((1 - level) / 2);
    this.#high = new Float64Array(horizon).fill((1 - level) / 2);
    this.#z = normalQuantile((1 + level) / 2);
    this.#variance = new Float64Array(horizon);
    this.#freedom = new Float64Array(horizon);
  }

  /** The truth of a step (from 0) is known: the interval that was given for it adapts. */
  observe(step: number, truth: number, mean: number, lower: number, upper: number): void {
    const residuals = this.#residuals[step];
    if (residuals === undefined) return;
    if (mutant.active === 'intervals-ignore-new-residuals' && residuals.size >= LEAST) return;
    if (residuals.size >= LEAST) {
      const miss = (1 - this.level) / 2;
      this.#low[step] = adapted(at(this.#low, step), miss, truth < lower, this.#rate);
      this.#high[step] = adapted(at(this.#high, step), miss, truth > upper, this.#rate);
    }
    residuals.add(truth - mean);
    this.#known = Math.min(this.#known, step);
  }

  /** Distance of the interval's ends from the mean at a step: `[down ≤ 0, up ≥ 0]`. */
  ends(step: number): readonly [number, number] {
    const residuals = this.#residuals[step];
    if (residuals === undefined) return [0, 0];
    const least = this.#leastReach(step, residuals);
    if (residuals.size === 0) return [least === 0 ? 0 : -least, least];
    const low = beyond(residuals, at(this.#low, step));
    const high = beyond(residuals, 1 - at(this.#high, step));
    return [Math.min(-least, low), Math.max(least, high)];
  }

  /** What is too few for a quantile reaches at least so far; 0 where they are enough. */
  #leastReach(step: number, residuals: Residuals): number {
    // (n + 1) · alpha ≥ 1: the quantile is one of them.
    const enough = 2 / (1 - this.level) - 1;
    const few = Math.min(1, 2 * (1 - residuals.independent / enough));
    if (few <= 0) return 0;
    this.#measure(step);
    const freedom = at(this.#freedom, step);
    if (freedom < 1) return 0;
    return few * studentAt(this.#z, freedom) * Math.sqrt(at(this.#variance, step));
  }

  #measure(last: number): void {
    for (; this.#known <= last; this.#known++) {
      const step = this.#known;
      const residuals = this.#residuals[step];
      if (residuals === undefined) return;
      const { size, squares, independent } = residuals;
      const before = step === 0 ? 0 : at(this.#freedom, step - 1);
      // As of errors that add up: whoever looks further ahead errs no less, and usually more.
      const grown = step === 0 ? 0 : at(this.#variance, step - 1) * ((step + 1) / step);
      const weight = Math.min(before, NEIGHBOUR);
      const all = independent + weight;
      const own = size === 0 ? 0 : squares / size;
      this.#variance[step] = all === 0 ? 0 : (independent * own + weight * grown) / all;
      this.#freedom[step] = all;
    }
  }
}

function adapted(alpha: number, target: number, missed: boolean, rate: number): number {
  return Math.min(0.5, Math.max(-0.1, alpha + rate * (target - (missed ? 1 : 0))));
}

/**
 * The quantile q; outside (0, 1) the extreme, further out the further q lies outside. A conformal quantile counts the value to come among the seen ones:
 * with n of them it is number (n + 1) · q.
 */
function beyond(residuals: Residuals, q: number): number {
  const { size } = residuals;
  const place = size === 1 ? q * 2 - 0.5 : (q * (size + 1) - 1) / (size - 1);
  if (place <= 0) return residuals.quantile(0) * (1 + 10 * Math.max(0, -q));
  if (place >= 1) return residuals.quantile(1) * (1 + 10 * Math.max(0, q - 1));
  return residuals.quantile(place);
}
