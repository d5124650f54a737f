import { at, nth } from '../math/at.ts';
import { minimise } from '../math/nelder-mead.ts';
import { median } from '../math/statistics.ts';
import { fitting } from './fitting.ts';

const WINDOW = 1024;

/** One pass of damped trend smoothing in its error-correction form; the state after the last value. */
export interface Trend {
  readonly level: number;
  readonly slope: number;
  /** Sum of absolute one-step errors, the first ten left out while the state settles. */
  readonly error: number;
}

export function smoothed(values: Float64Array, alpha: number, beta: number, phi: number): Trend {
  let level = median(values.subarray(0, 12));
  let slope = 0;
  let error = 0;
  for (let i = 0; i < values.length; i++) {
    const residue = at(values, i) - level - phi * slope;
    if (i >= 10) error += Math.abs(residue);
    level += phi * slope + alpha * residue;
    slope = phi * slope + alpha * beta * residue;
  }
  return { level, slope, error };
}

const GRID = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9];

/** Weight of simple exponential smoothing with the least absolute one-step error. */
export function bestAlpha(values: Float64Array): number {
  let best = 0.5;
  let least = Number.POSITIVE_INFINITY;
  for (const alpha of GRID) {
    const { error } = smoothed(values, alpha, 0, 0);
    if (error < least) {
      least = error;
      best = alpha;
    }
  }
  return best;
}

/** Simple exponential smoothing (Brown 1956), its weight by least absolute one-step error. */
export const exponentialSmoothing = fitting({
  name: 'ses',
  costUs: 25,
  stepUs: 4,
  minimumLength: () => 16,
  fit: (history, _profile, horizon) => {
    const alpha = bestAlpha(history.values.subarray(-WINDOW));
    return ({ values }) =>
      new Float64Array(horizon).fill(smoothed(values.subarray(-WINDOW), alpha, 0, 0).level);
  },
});

const within = (x: number, low: number, high: number): number => low + (high - low) / (1 + Math.exp(-x));

/** Holt's linear trend, damped (Gardner & McKenzie 1985), its three weights by least absolute one-step error. */
export const dampedTrend = fitting({
  name: 'holt-damped',
  costUs: 250,
  stepUs: 4,
  minimumLength: () => 24,
  fit: (history, _profile, horizon) => {
    const past = history.values.subarray(-WINDOW);
    const weights = (p: readonly number[]): readonly [number, number, number] => [
      within(nth(p, 0), 0.01, 0.99),
      within(nth(p, 1), 0.005, 0.6),
      within(nth(p, 2), 0.8, 0.98),
    ];
    const best = minimise((p) => smoothed(past, ...weights(p)).error, [0, -1, 0], 1, 60);
    const [alpha, beta, phi] = weights(best);
    return ({ values }) => {
      const { level, slope } = smoothed(values.subarray(-WINDOW), alpha, beta, phi);
      let ahead = 0;
      let factor = 1;
      return new Float64Array(horizon).map(() => {
        factor *= phi;
        ahead += factor;
        return level + ahead * slope;
      });
    };
  },
});
