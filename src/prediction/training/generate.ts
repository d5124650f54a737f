import { gaussian, type Random } from '../../foundation/random.ts';
import type { TrainingSeries } from '../neural/sampler.ts';
import {
  autoregressive,
  bursts,
  heavyTailed,
  levelShifts,
  randomWalk,
  regimes,
  smooth,
} from './processes.ts';
import { seasonalShape } from './season-shapes.ts';

/** Seasons as measurements have them: minutes, quarter hours, hours, days; several times over where common. */
const commonSeasons = [24, 24, 24, 24, 24, 24, 288, 288, 144, 96, 48, 12, 60, 7] as const;

/** What a series is made of: weights of the parts, in units of its spread. Drawn anew for each series. */
export function generateSeries(random: Random): TrainingSeries {
  const season = random.chance(0.8) ? random.pick(commonSeasons) : 4 + random.below(120);
  const seasonal = random.chance(0.55);
  const length = Math.min(2_600, Math.max(300, season * (4 + random.below(30))));
  const values = new Float64Array(length);
  const add = (part: Float64Array, weight: number): void => {
    for (let i = 0; i < length; i++) values[i] = (values[i] ?? 0) + weight * (part[i] ?? 0);
  };
  const weight = (probability: number, typical: number): number =>
    random.chance(probability) ? typical * Math.exp(0.8 * gaussian(random)) : 0;

  const clean = seasonal && random.chance(0.5) ? 0.25 : 1;
  if (seasonal) add(seasonalShape(random, length, season), Math.exp(0.5 * gaussian(random)) * 1.5);
  add(autoregressive(random, length), weight(0.6, 0.5 * clean));
  add(randomWalk(random, length), weight(0.35, 0.08 * clean));
  add(smooth(random, length), weight(0.3, 0.6));
  add(levelShifts(random, length), weight(0.3, 1));
  add(regimes(random, length), weight(0.12, 1));
  add(bursts(random, length), weight(0.35, 1));
  add(heavyTailed(random, length), weight(0.75, 0.35 * clean));

  return { values: measured(random, values), seasons: told(random, seasonal, season) };
}

/** What the unit does to a quantity: bounds, rounding, multiplicative growth, noise that grows with the level. */
function measured(random: Random, raw: Float64Array): Float64Array {
  const base = Math.exp(2 * gaussian(random));
  const form = random.next();
  const level = 4 * random.next() - 0.5;
  const grid = random.chance(0.2) ? 0.05 * Math.exp(gaussian(random)) : 0;
  return raw.map((value) => {
    let shown = value + level;
    if (form < 0.25) shown = Math.exp(0.5 * shown);
    else if (form < 0.55) shown = Math.max(0, shown);
    else if (form < 0.65) shown = Math.max(0, Math.min(3, shown));
    if (form < 0.25) shown *= 1 + 0.03 * gaussian(random);
    if (grid > 0) shown = Math.round(shown / grid) * grid;
    return base * shown;
  });
}

/** The seasons a series is said to have: mostly the truth, as a detection would find it. */
function told(random: Random, seasonal: boolean, season: number): readonly number[] {
  if (seasonal) return random.chance(0.92) ? [season] : [];
  return random.chance(0.35) ? [season] : [];
}

export function generateSet(random: Random, count: number): readonly TrainingSeries[] {
  return Array.from({ length: count }, () => generateSeries(random));
}
