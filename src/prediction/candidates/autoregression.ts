import { at } from '../math/at.ts';
import { autocorrelation } from '../math/autocorrelation.ts';
import { mean } from '../math/statistics.ts';
import { winsorised } from '../math/winsorise.ts';
import { fitting } from './fitting.ts';

const WINDOW = 2016;
const MOST = 32;

/** Autoregression around the mean: Yule–Walker by Levinson–Durbin, the order by AIC corrected for short series (Hurvich & Tsai 1989). */
export const autoregression = fitting({
  name: 'ar',
  costUs: 60,
  stepUs: 3,
  minimumLength: () => 24,
  fit: (history, _profile, horizon) => {
    const values = winsorised(history.values.subarray(-WINDOW));
    const centre = mean(values);
    const weights = yuleWalker(values);
    return (later) => iterate(later.values, weights, centre, horizon);
  },
});

/** Coefficients for the lags 1…p; p is 0 for white noise. */
export function yuleWalker(values: Float64Array, most = MOST): Float64Array {
  const n = values.length;
  const limit = Math.min(most, Math.floor(n / 4));
  const rho = autocorrelation(values, limit);
  let best: Float64Array = new Float64Array(0);
  let bestScore = 0;
  let error = 1;
  let phi = new Float64Array(0);
  for (let p = 1; p <= limit; p++) {
    let residue = at(rho, p);
    for (let k = 0; k < p - 1; k++) residue -= at(phi, k) * at(rho, p - 1 - k);
    if (!(error > 1e-9)) break;
    const reflection = residue / error;
    const next = new Float64Array(p);
    for (let k = 0; k < p - 1; k++) next[k] = at(phi, k) - reflection * at(phi, p - 2 - k);
    next[p - 1] = reflection;
    phi = next;
    error *= 1 - reflection * reflection;
    const score = n * Math.log(Math.max(error, 1e-12)) + (2 * (p + 1) * n) / Math.max(n - p - 2, 1);
    if (score < bestScore) {
      bestScore = score;
      best = phi;
    }
  }
  return best;
}

/** The recursion carried on for `horizon` steps with the errors at 0. */
export function iterate(
  values: Float64Array,
  weights: Float64Array,
  centre: number,
  horizon: number,
): Float64Array {
  const result = new Float64Array(horizon);
  for (let step = 0; step < horizon; step++) {
    let sum = 0;
    for (let k = 0; k < weights.length; k++) {
      const back = step - 1 - k;
      const value = back >= 0 ? at(result, back) : at(values, values.length + back);
      sum += at(weights, k) * (value - centre);
    }
    result[step] = centre + sum;
  }
  return result;
}
