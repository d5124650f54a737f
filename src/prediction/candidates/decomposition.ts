import type { Profile } from '../forecast.ts';
import { at } from '../math/at.ts';
import { mean } from '../math/statistics.ts';
import { winsorised } from '../math/winsorise.ts';
import { iterate, yuleWalker } from './autoregression.ts';
import { type FittingCandidate, fitting } from './fitting.ts';
import { seasonalFigures } from './seasonal-figures.ts';

const WINDOW = 4032;

/**
 * Decomposition into several seasons (the loop of MSTL, Bandara, Hyndman & Bergmeir 2021, with medians over cycles for loess) and an
 * autoregression of the remainder around its level; the level is that of the remainder's last `level` values.
 */
export function decomposition(level: number): FittingCandidate {
  return fitting({
    name: `decomposition-${level}`,
    costUs: 150,
    stepUs: 90,
    minimumLength: (profile) => 2 * (profile.seasons[0] ?? Number.POSITIVE_INFINITY),
    fit: (history, profile, horizon) => {
      const { rest } = decomposed(history.values.subarray(-WINDOW), profile);
      const weights = yuleWalker(winsorised(centred(rest, level)));
      return (later) => {
        const parts = decomposed(later.values.subarray(-WINDOW), profile);
        const centre = mean(winsorised(parts.rest.subarray(-level), 0.1));
        const ahead = iterate(parts.rest, weights, centre, horizon);
        const n = parts.rest.length;
        return ahead.map((value, step) =>
          parts.figures.reduce((sum, figures) => sum + at(figures, (n + step) % figures.length), value),
        );
      };
    },
  });
}

interface Parts {
  readonly rest: Float64Array;
  readonly figures: readonly Float64Array[];
}

/** Shorter seasons first; each is estimated on what the others leave over, twice. */
export function decomposed(values: Float64Array, profile: Profile): Parts {
  const seasons = profile.seasons.filter((season) => 2 * season <= values.length).sort((a, b) => a - b);
  const figures: Float64Array[] = seasons.map((season) => new Float64Array(season));
  const rest = Float64Array.from(values);
  for (let round = 0; round < Math.min(2, seasons.length); round++)
    seasons.forEach((season, k) => {
      const old = figures[k] ?? new Float64Array(season);
      for (let i = 0; i < rest.length; i++) rest[i] = at(rest, i) + at(old, i % season);
      const found: Float64Array = seasonalFigures(rest, season);
      figures[k] = found;
      for (let i = 0; i < rest.length; i++) rest[i] = at(rest, i) - at(found, i % season);
    });
  return { rest, figures };
}

/** Distance from the mean of the `length` values before and with each one. */
function centred(values: Float64Array, length: number): Float64Array {
  let sum = 0;
  return values.map((value, i) => {
    sum += value;
    if (i >= length) sum -= at(values, i - length);
    return value - sum / Math.min(i + 1, length);
  });
}
