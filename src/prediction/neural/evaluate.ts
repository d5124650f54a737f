import { present } from '../../foundation/assert.ts';
import type { Forecaster } from './forecaster.ts';
import type { TrainingSeries } from './sampler.ts';

export interface EvaluateOptions {
  readonly horizon: number;
  /** Values at the end of each series that forecasts are tested on. */
  readonly heldOut: number;
  /** Steps between two origins. */
  readonly every: number;
}

export interface Evaluation {
  /** Geometric mean over the series of the mean absolute error relative to last value; NaN: nothing to measure on. */
  readonly relative: number;
  readonly series: number;
  readonly origins: number;
}

/** Errors count as no smaller than this part of the naive one: a series met exactly must not win the mean alone. */
const leastRatio = 0.01;

/** Measures weights at rolling origins in the held-out ends of series. Series that are too short, or constant there, are left out. */
export async function evaluateWeights(
  forecaster: Forecaster,
  weights: Float32Array,
  all: readonly TrainingSeries[],
  { horizon, heldOut, every }: EvaluateOptions,
): Promise<Evaluation> {
  let logs = 0;
  let count = 0;
  let origins = 0;
  for (const { values, seasons } of all) {
    const ends: number[] = [];
    for (let end = values.length - heldOut; end + horizon <= values.length; end += every) ends.push(end);
    if (ends.length === 0 || values.length - heldOut < 2) continue;
    const forecasts = await forecaster.forecast(
      weights,
      ends.map((end) => ({ values: values.subarray(0, end), seasons })),
      horizon,
    );
    let error = 0;
    let naive = 0;
    for (const [index, end] of ends.entries())
      for (let step = 0; step < horizon; step++) {
        const truth = present(values[end + step], 'the truth is held out');
        error += Math.abs(truth - (forecasts[index]?.[step] ?? Number.NaN));
        naive += Math.abs(truth - present(values[end - 1], 'a last value'));
      }
    if (naive === 0) continue;
    logs += Math.log(Math.max(leastRatio, error / naive));
    count += 1;
    origins += ends.length;
  }
  return { relative: Math.exp(logs / count), series: count, origins };
}
