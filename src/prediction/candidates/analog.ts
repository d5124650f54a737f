import { at } from '../math/at.ts';
import { median } from '../math/statistics.ts';
import { type FittingCandidate, fitting } from './fitting.ts';

const SEARCHED = 4032;

/**
 * What followed the moments most like now: the median of the futures of the nearest windows of the past, by Euclidean distance
 * (method of analogues, Lorenz 1969; k nearest neighbours for series, Martínez et al. 2019).
 */
export function analog(
  length: number,
  neighbours: number,
  relative: 'absolute' | 'level' = 'absolute',
): FittingCandidate {
  return fitting({
    name: relative === 'level' ? `analog-level-${length}` : `analog-${length}`,
    costUs: 30,
    stepUs: 30,
    minimumLength: () => 4 * length + 64,
    fit:
      (_history, _profile, horizon) =>
      ({ values }) => {
        const recent = values.subarray(-SEARCHED);
        const levels = relative === 'level' ? runningMeans(recent, length) : new Float64Array(recent.length);
        const found = nearest(recent, levels, length, neighbours, horizon);
        const level = at(levels, recent.length - 1);
        const futures = new Float64Array(found.length);
        return new Float64Array(horizon).map((_, step) => {
          found.forEach((end, k) => {
            futures[k] = at(recent, end + 1 + step) - at(levels, end) + level;
          });
          return median(futures);
        });
      },
  });
}

/** Indices of the last element of the nearest windows whose future is known. */
function nearest(
  values: Float64Array,
  levels: Float64Array,
  length: number,
  count: number,
  horizon: number,
): readonly number[] {
  const last = values.length - 1;
  const best: { readonly end: number; readonly distance: number }[] = [];
  let worst = Number.POSITIVE_INFINITY;
  for (let end = length - 1; end + horizon <= last; end++) {
    let distance = 0;
    const shift = at(levels, last) - at(levels, end);
    for (let k = 0; k < length && distance < worst; k++)
      distance += (at(values, end - k) + shift - at(values, last - k)) ** 2;
    if (distance >= worst) continue;
    let place = best.length;
    while (place > 0 && (best[place - 1]?.distance ?? 0) > distance) place--;
    best.splice(place, 0, { end, distance });
    if (best.length > count) best.pop();
    if (best.length === count) worst = best[count - 1]?.distance ?? worst;
  }
  return best.map(({ end }) => end);
}

/** Mean of the `length` values up to each one. */
function runningMeans(values: Float64Array, length: number): Float64Array {
  let sum = 0;
  return values.map((value, i) => {
    sum += value;
    if (i >= length) sum -= at(values, i - length);
    return sum / Math.min(i + 1, length);
  });
}
