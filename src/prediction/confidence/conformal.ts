import { at } from '../math/at.ts';
import { SortedWindow } from '../math/sorted-window.ts';

/** Residuals needed at a step before its interval is more than a guess. */
const LEAST = 8;

/**
 * Conformal intervals per step ahead that adapt online. Each side of each step keeps the last residuals (truth − mean) and a miss rate
 * `alpha` of its own which rises after every hit and falls after every miss (adaptive conformal inference, Gibbs & Candès 2021), so that
 * over time the stated share of truths lies within, whatever the errors' distribution and however it changes.
 */
export class ConformalIntervals {
  readonly level: number;
  readonly #residuals: readonly SortedWindow[];
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #rate: number;

  constructor(horizon: number, level: number, window: number, rate: number) {
    this.level = level;
    this.#rate = rate;
    this.#residuals = Array.from({ length: horizon }, () => new SortedWindow(window));
    this.#low = new Float64Array(horizon).fill((1 - level) / 2);
    this.#high = new Float64Array(horizon).fill((1 - level) / 2);
  }

  /** The truth of a step (from 0) is known: the interval that was given for it adapts. */
  observe(step: number, truth: number, mean: number, lower: number, upper: number): void {
    const window = this.#residuals[step];
    if (window === undefined) return;
    if (window.size >= LEAST) {
      const miss = (1 - this.level) / 2;
      this.#low[step] = adapted(at(this.#low, step), miss, truth < lower, this.#rate);
      this.#high[step] = adapted(at(this.#high, step), miss, truth > upper, this.#rate);
    }
    window.add(truth - mean);
  }

  /** Distance of the interval's ends from the mean at a step: `[down ≤ 0, up ≥ 0]`. */
  ends(step: number): readonly [number, number] {
    const window = this.#residuals[step];
    if (window === undefined || window.size === 0) return [0, 0];
    // A conformal quantile counts the value to come among the seen ones: with n of them (n + 1) · alpha in place of n · alpha.
    const { size } = window;
    const spare = size < LEAST ? 2 : 1;
    const low = beyond(window, at(this.#low, step), size) * spare;
    const high = beyond(window, 1 - at(this.#high, step), size) * spare;
    return [Math.min(0, low), Math.max(0, high)];
  }
}

function adapted(alpha: number, target: number, missed: boolean, rate: number): number {
  return Math.min(0.5, Math.max(-0.1, alpha + rate * (target - (missed ? 1 : 0))));
}

/** The quantile q; outside (0, 1) the extreme, further out the further q lies outside. */
function beyond(window: SortedWindow, q: number, size: number): number {
  const shifted = q < 0.5 ? (q * (size + 1) - 1) / (size - 1) : (q * (size + 1) - 1) / (size - 1);
  if (shifted <= 0) return window.quantile(0) * (1 + 10 * Math.max(0, -q));
  if (shifted >= 1) return window.quantile(1) * (1 + 10 * Math.max(0, q - 1));
  return window.quantile(shifted);
}
