import type { Inputs } from '../forecast.ts';
import type { InputSeries } from './input-series.ts';

/** Inputs of a history that ends at `endMs`, read from their series when they are asked for: thousands of histories keep no copies of them. */
export function sampledInputs(series: readonly InputSeries[], endMs: number, stepMs: number): Inputs {
  return {
    count: series.length,
    last: (index, length) =>
      series[index]?.sample(endMs, stepMs, length) ?? new Float64Array(length).fill(Number.NaN),
    before: (steps) => sampledInputs(series, endMs - steps * stepMs, stepMs),
  };
}
