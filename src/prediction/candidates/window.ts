import { mean, median } from '../math/statistics.ts';
import { type FittingCandidate, fitting } from './fitting.ts';

/** Mean of the last `length` values. */
export function windowMean(length: number): FittingCandidate {
  return fitting({
    name: `mean-${length}`,
    costUs: 2,
    stepUs: 2,
    minimumLength: () => length,
    fit:
      (_history, _profile, horizon) =>
      ({ values }) =>
        new Float64Array(horizon).fill(mean(values.subarray(-length))),
  });
}

/** Median of the last `length` values: the best constant under absolute error, deaf to spikes. */
export function windowMedian(length: number): FittingCandidate {
  return fitting({
    name: `median-${length}`,
    costUs: 4,
    stepUs: 4,
    minimumLength: () => length,
    fit:
      (_history, _profile, horizon) =>
      ({ values }) =>
        new Float64Array(horizon).fill(median(values.subarray(-length))),
  });
}
