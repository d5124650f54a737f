import type { History, Profile } from '../forecast.ts';
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
    stepUs: 12,
    minimumLength: (profile) => 2 * (profile.seasons[0] ?? Number.POSITIVE_INFINITY),
    fit: (history, profile, horizon) => {
      const past = history.values.subarray(-WINDOW);
      const { rest, figures } = decomposed(past, profile);
      const weights = yuleWalker(winsorised(centred(rest, level)));
      const needed = Math.max(level, weights.length);
      return (later) => {
        // The figures hold until the next fit; only the remainder of the newest values is worked out anew.
        const first = past.length - 1 + stepsSince(history, later);
        const season = (back: number): number =>
          figures.reduce((sum, each) => sum + at(each, modulo(first - back, each.length)), 0);
        const newest = later.values.slice(-needed);
        for (let i = 0; i < newest.length; i++) newest[i] = at(newest, i) - season(newest.length - 1 - i);
        const centre = mean(winsorised(newest.subarray(-level), 0.1));
        return iterate(newest, weights, centre, horizon).map((value, step) => value + season(-1 - step));
      };
    },
  });
}

/** Steps from the end of one history to that of a later one. */
function stepsSince(start: History, later: History): number {
  return Math.round((later.endMs - start.endMs) / start.stepMs);
}

function modulo(i: number, length: number): number {
  return ((i % length) + length) % length;
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
