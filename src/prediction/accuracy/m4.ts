import { at } from '../math/at.ts';
import { mean } from '../math/statistics.ts';

/**
 * The measures of the M4 competition as its published R code computes them (Makridakis, Spiliotis & Assimakopoulos 2020;
 * github.com/Mcompetitions/M4-methods, `Benchmarks and Evaluation.R`).
 */

/** Symmetric mean absolute percentage error, %. */
export function smape(truth: Float64Array, forecast: Float64Array): number {
  return mean(
    truth.map((value, i) => {
      const scale = Math.abs(value) + Math.abs(at(forecast, i));
      return scale > 0 ? (200 * Math.abs(value - at(forecast, i))) / scale : 0;
    }),
  );
}

/** Mean absolute error in units of the in-sample error of the seasonal naive forecast. */
export function mase(
  past: Float64Array,
  truth: Float64Array,
  forecast: Float64Array,
  season: number,
): number {
  let scale = 0;
  for (let i = season; i < past.length; i++) scale += Math.abs(at(past, i) - at(past, i - season));
  scale /= past.length - season;
  return mean(truth.map((value, i) => Math.abs(value - at(forecast, i)))) / scale;
}

/** The competition's test for a season: 90 % limit of the autocorrelation at one season. */
export function isSeasonal(past: Float64Array, season: number): boolean {
  if (season < 2 || past.length < 3 * season) return false;
  const rho = (lag: number): number => covariance(past, lag) / covariance(past, 0);
  let squares = 0;
  for (let lag = 1; lag < season; lag++) squares += rho(lag) ** 2;
  return Math.abs(rho(season)) > (1.645 / Math.sqrt(past.length)) * Math.sqrt(1 + 2 * squares);
}

function covariance(values: Float64Array, lag: number): number {
  const centre = mean(values);
  let sum = 0;
  for (let i = lag; i < values.length; i++) sum += (at(values, i) - centre) * (at(values, i - lag) - centre);
  return sum;
}

/** Naive 2: the last value of the series without its season (where it has one), with the season put back. */
export function naive2(past: Float64Array, horizon: number, season: number): Float64Array {
  const n = past.length;
  const figures = isSeasonal(past, season) ? multiplicativeFigures(past, season) : Float64Array.of(1);
  const level = at(past, n - 1) / at(figures, (n - 1) % figures.length);
  return new Float64Array(horizon).map((_, step) => {
    // The figures are repeated from the last `season` ones of the past.
    const phase = (n + (step % figures.length)) % figures.length;
    return level * at(figures, phase);
  });
}

/** Multiplicative seasonal figures as R's `decompose` gives them. */
function multiplicativeFigures(past: Float64Array, season: number): Float64Array {
  const half = Math.floor(season / 2);
  const sums = new Float64Array(season);
  const counts = new Float64Array(season);
  for (let i = half; i < past.length - half; i++) {
    let trend = 0;
    for (let k = -half; k <= half; k++) {
      const end = season % 2 === 0 && Math.abs(k) === half;
      trend += (end ? 0.5 : 1) * at(past, i + k);
    }
    const ratio = at(past, i) / (trend / season);
    sums[i % season] = at(sums, i % season) + ratio;
    counts[i % season] = at(counts, i % season) + 1;
  }
  const figures = sums.map((sum, k) => sum / at(counts, k));
  const centre = mean(figures);
  return figures.map((figure) => figure / centre);
}
