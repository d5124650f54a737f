import { at } from '../math/at.ts';

const WINDOW = 4096;

/** What a series may plausibly become: one range beyond what it was; never negative if it never was. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

export function boundsOf(values: Float64Array): Bounds {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values.subarray(-WINDOW)) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const range = high - low;
  return { low: low >= 0 ? Math.max(0, low - range) : low - range, high: high + range };
}

/** A candidate's forecast made fit for use: finite and within bounds. Where it is not finite the last value stands in. */
export function sane(forecast: Float64Array, last: number, { low, high }: Bounds): Float64Array {
  for (let i = 0; i < forecast.length; i++) {
    const value = at(forecast, i);
    forecast[i] = Number.isFinite(value) ? Math.min(Math.max(value, low), high) : last;
  }
  return forecast;
}
