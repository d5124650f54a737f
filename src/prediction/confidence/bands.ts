import { at } from '../math/at.ts';
import { ConformalIntervals } from './conformal.ts';

/** Intervals of one level, an end a step. */
export interface Band {
  readonly level: number;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/** Conformal intervals of one or several levels around the same means, each held for itself. */
export class Bands {
  readonly #all: readonly ConformalIntervals[];

  constructor(horizon: number, levels: readonly number[], window: number, rate: number) {
    this.#all = levels.map((level) => new ConformalIntervals(horizon, level, window, rate));
  }

  /** In the order of the levels; nothing lies below `floor`. */
  around(mean: Float64Array, floor: number): readonly Band[] {
    return this.#all.map((intervals) => {
      const lower = new Float64Array(mean.length);
      const upper = new Float64Array(mean.length);
      for (let step = 0; step < mean.length; step++) {
        const [down, up] = intervals.ends(step);
        const centre = at(mean, step);
        // Rounding must not put a truth that equals an end outside.
        const grain = 1e-9 * (Math.abs(centre) + up - down);
        lower[step] = Math.max(floor, centre + down - grain);
        upper[step] = centre + up + grain;
      }
      return { level: intervals.level, lower, upper };
    });
  }

  /** The truth of a step (from 0) is known, for which these were given. */
  observe(step: number, truth: number, mean: number, given: readonly Band[]): void {
    for (const [i, { lower, upper }] of given.entries())
      this.#all[i]?.observe(step, truth, mean, at(lower, step), at(upper, step));
  }
}

/** The level of the interval that has the quantile `share` (not 0.5) for an end. */
export function levelOf(share: number): number {
  return Math.abs(Number((1 - 2 * share).toFixed(12)));
}

/**
 * Quantiles of the truth, in the order of `shares`, from the bands that they are ends of; 0.5 is the mean, which is fitted as a median. Those of one step do not
 * cross (rearranged: Chernozhukov et al. 2010).
 */
export function quantilesOf(
  mean: Float64Array,
  bands: readonly Band[],
  shares: readonly number[],
): readonly (readonly number[])[] {
  const raw = shares.map((share) => {
    const band = bands.find(({ level }) => level === levelOf(share));
    return share < 0.5 ? (band?.lower ?? mean) : share > 0.5 ? (band?.upper ?? mean) : mean;
  });
  const order = [...shares.keys()].sort((a, b) => (shares[a] ?? 0) - (shares[b] ?? 0));
  const quantiles = shares.map(() => new Array<number>(mean.length));
  for (let step = 0; step < mean.length; step++) {
    const sorted = raw.map((values) => at(values, step)).sort((a, b) => a - b);
    for (const [place, i] of order.entries()) {
      const own = quantiles[i];
      if (own !== undefined) own[step] = sorted[place] ?? Number.NaN;
    }
  }
  return quantiles;
}
