import { assert } from '../../foundation/assert.ts';
import { normalCdf, normalQuantile } from '../math/normal.ts';

/** Of a series with regular steps; slopes are per step. */
export interface TrendForecast {
  /** Steps ahead 1 to horizon. `lower` and `upper` bound the line, not single readings: what is asked is where the series is heading. */
  readonly steps: readonly { readonly mean: number; readonly lower: number; readonly upper: number }[];
  readonly slope: number;
  readonly lowerSlope: number;
  readonly upperSlope: number;
}

/** Pairs grow with the square; 128 readings take well below a millisecond. */
export const mostReadings = 128;

/**
 * Theil–Sen line (Theil 1950, Sen 1968): the median of the slopes of all pairs. Up to 29 % of the readings may be anything before it moves,
 * so single stalls and a collector's pauses do not look like a trend. The interval of the slope is Sen's, from the distribution of
 * Kendall's S; `level` is its coverage, such as 0.9. Needs 3 to `mostReadings` finite values.
 */
export function forecastTrend(values: readonly number[], horizon: number, level: number): TrendForecast {
  check(values);
  assert(level > 0 && level < 1, 'a level between 0 and 1');
  const slopes = pairSlopes(values);
  const slope = middleOf(slopes);
  const reach = normalQuantile((1 + level) / 2) * deviationOfS(values, slope);
  const lowerSlope = slopes[clampIndex((slopes.length - reach) / 2 - 1, slopes)] ?? slope;
  const upperSlope = slopes[clampIndex((slopes.length + reach) / 2, slopes)] ?? slope;
  const mean = startOf(values, slope);
  const lower = startOf(values, lowerSlope);
  const upper = startOf(values, upperSlope);
  const steps = Array.from({ length: horizon }, (_, i) => {
    const at = values.length + i;
    return {
      mean: mean + slope * at,
      lower: lower + lowerSlope * at,
      upper: upper + upperSlope * at,
    };
  });
  return { steps, slope, lowerSlope, upperSlope };
}

/**
 * How sure it is that the line is at or above `limit` after `within` further steps. The inverse of Sen's interval: the line gets there exactly if the
 * slope is at least b, the median of what each reading would need; and Kendall's S of the readings without the slope b says how unlikely a
 * smaller one is. 0 to 1; 0.5 where the line ends on the limit.
 */
export function probabilityOfCrossing(values: readonly number[], limit: number, within: number): number {
  check(values);
  const until = values.length - 1 + within;
  const needed = middleOf(Float64Array.from(values, (value, i) => (limit - value) / (until - i)).sort());
  return probabilityOfSlope(values, needed);
}

/** How sure it is that the series rises by `least` a step or more. */
export function probabilityOfSlope(values: readonly number[], least: number): number {
  const s = kendallS(values, least);
  const deviation = deviationOfS(values, middleOf(pairSlopes(values)));
  if (deviation === 0) return s > 0 ? 1 : s < 0 ? 0 : 0.5;
  // Continuity: S moves in steps of 2.
  return normalCdf((s - Math.sign(s)) / deviation);
}

/** Steps from the last reading until the line reaches `limit`: 0 if it has, infinite if it never will. */
export function stepsUntil(values: readonly number[], limit: number): number {
  check(values);
  const slope = middleOf(pairSlopes(values));
  const now = startOf(values, slope) + slope * (values.length - 1);
  if (now >= limit) return 0;
  return slope > 0 ? (limit - now) / slope : Number.POSITIVE_INFINITY;
}

function check(values: readonly number[]): void {
  assert(values.length >= 3 && values.length <= mostReadings, `3 to ${mostReadings} readings`);
}

/** Ascending. */
function pairSlopes(values: readonly number[]): Float64Array {
  const n = values.length;
  const slopes = new Float64Array((n * (n - 1)) / 2);
  let at = 0;
  for (let i = 0; i < n; i++) {
    const from = values[i] ?? 0;
    for (let j = i + 1; j < n; j++) slopes[at++] = ((values[j] ?? 0) - from) / (j - i);
  }
  return slopes.sort();
}

/** Where the line of this slope through the middle of the readings begins. */
function startOf(values: readonly number[], slope: number): number {
  return middleOf(Float64Array.from(values, (value, i) => value - slope * i).sort());
}

/** Pairs that rise by more than `slope` a step less those that rise by less. */
function kendallS(values: readonly number[], slope: number): number {
  let s = 0;
  for (let i = 0; i < values.length; i++) {
    const from = values[i] ?? 0;
    for (let j = i + 1; j < values.length; j++) s += Math.sign((values[j] ?? 0) - from - slope * (j - i));
  }
  return s;
}

/**
 * Of Kendall's S where there is no trend. What remains beside the line of `slope` is often like the reading before it (a smoothed
 * measurement, a curve): then the readings are worth fewer than they are, by the first autocorrelation r as (1 + r) / (1 − r) (Yue and Wang 2004).
 */
function deviationOfS(values: readonly number[], slope: number): number {
  const n = values.length;
  const rest = values.map((value, i) => value - slope * i);
  const mean = rest.reduce((sum, value) => sum + value, 0) / n;
  let squares = 0;
  let products = 0;
  for (let i = 0; i < n; i++) {
    const here = (rest[i] ?? 0) - mean;
    squares += here * here;
    if (i > 0) products += here * ((rest[i - 1] ?? 0) - mean);
  }
  const r = squares === 0 ? 0 : Math.min(mostCorrelation, Math.max(0, products / squares));
  return Math.sqrt(((n * (n - 1) * (2 * n + 5)) / 18) * ((1 + r) / (1 - r)));
}

/** Beyond it a few dozen readings say nothing at all. */
const mostCorrelation = 0.8;

function middleOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

function clampIndex(wanted: number, { length }: Float64Array): number {
  return Math.min(length - 1, Math.max(0, Math.round(wanted)));
}
