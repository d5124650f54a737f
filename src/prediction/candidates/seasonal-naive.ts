import { at } from '../math/at.ts';
import { median } from '../math/statistics.ts';
import { type FittingCandidate, fitting } from './fitting.ts';

/** The strength of a season decides which is meant: 0 the strongest that was found. */
export function seasonalNaive(rank: number): FittingCandidate {
  return fitting({
    name: rank === 0 ? 'seasonal-naive' : `seasonal-naive-${rank + 1}`,
    costUs: 1,
    stepUs: 1,
    minimumLength: (profile) => profile.seasons[rank] ?? Number.POSITIVE_INFINITY,
    fit: (_history, profile, horizon) => {
      const season = profile.seasons[rank] ?? 1;
      return ({ values }) =>
        new Float64Array(horizon).map((_, step) => at(values, values.length - season + (step % season)));
    },
  });
}

/** Median of the last cycles at the same phase: one odd day is not taken over. */
export function seasonalMedian(rank: number, cycles: number): FittingCandidate {
  return fitting({
    name: `seasonal-median-${cycles}${rank === 0 ? '' : `-${rank + 1}`}`,
    costUs: 6,
    stepUs: 6,
    minimumLength: (profile) => 2 * (profile.seasons[rank] ?? Number.POSITIVE_INFINITY),
    fit: (_history, profile, horizon) => {
      const season = profile.seasons[rank] ?? 1;
      return ({ values }) => {
        const held = Math.min(cycles, Math.floor(values.length / season));
        const same = new Float64Array(held);
        return new Float64Array(horizon).map((_, step) => {
          for (let k = 0; k < held; k++)
            same[k] = at(values, values.length - (k + 1) * season + (step % season));
          return median(same);
        });
      };
    },
  });
}
