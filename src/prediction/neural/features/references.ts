import type { Seasons } from './seasons.ts';
import { meanBefore, medianBefore, medianOf, type Tail, valueAt } from './tail.ts';

/**
 * The simple forecasts that the network weighs. Each tells what it says of the moment `target` as of `end` (the values before it are
 * known, `target ≥ end`). Seasonal ones look back by whole seasons to the newest known. Where a series has no season they are left out
 * (see `absent`).
 */
interface Reference {
  readonly name: string;
  readonly needs: 'nothing' | 'short' | 'long';
  readonly at: (tail: Tail, end: number, target: number, seasons: Seasons) => number;
  /** Says the same of every target. */
  readonly flat?: true;
  /** Whose record stands for its own, where following its own would cost too much. */
  readonly record?: string;
}

/** Index of the same moment in the newest known season, `back` seasons earlier. */
const lagged = (end: number, target: number, season: number, back: number): number =>
  target - season * (Math.floor((target - end) / season) + 1 + back);

/** Mean over the `count` newest seasons that are known. */
function seasonalMean({ values }: Tail, end: number, target: number, season: number, count: number): number {
  let sum = 0;
  let number = 0;
  for (let back = 0; back < count; back++) {
    const index = lagged(end, target, season, back);
    if (index < 0 && number > 0) break;
    sum += valueAt(values, index);
    number += 1;
  }
  return sum / number;
}

const known = new Float64Array(16);

/** Median over the `count` newest seasons (at most 16) that are known. */
function seasonalMedian(
  { values }: Tail,
  end: number,
  target: number,
  season: number,
  count: number,
): number {
  let number = 0;
  for (let back = 0; back < count; back++) {
    const index = lagged(end, target, season, back);
    if (index < 0 && number > 0) break;
    known[number] = valueAt(values, index);
    number += 1;
  }
  return medianOf(known, number);
}

/** How much the last `span` values lie above those a season earlier. */
const rise = (tail: Tail, end: number, season: number, span: number): number =>
  meanBefore(tail, end, span) - meanBefore(tail, end - season, span);

/** A line through two means of neighbouring stretches, its slope damped by `damping` a step (Gardner and McKenzie 1985). */
function trend(tail: Tail, end: number, target: number, span: number, damping: number): number {
  const recent = meanBefore(tail, end, span);
  const slope = end < 2 * span ? 0 : (recent - meanBefore(tail, end - span, span)) / span;
  const ahead = (1 - damping ** (target - end + 1)) / (1 - damping);
  return recent + slope * ((span - 1) / 2 + ahead);
}

const mean = (count: number): Reference => ({
  name: `mean ${count}`,
  needs: 'nothing',
  flat: true,
  at: (tail, end) => meanBefore(tail, end, count),
});
const median = (count: number, record: string): Reference => ({
  name: `median ${count}`,
  needs: 'nothing',
  flat: true,
  at: (tail, end) => medianBefore(tail, end, count),
  record,
});

export const references: readonly Reference[] = [
  { name: 'last', needs: 'nothing', flat: true, at: ({ values }, end) => valueAt(values, end - 1) },
  mean(3),
  mean(6),
  mean(12),
  mean(24),
  mean(48),
  mean(144),
  median(7, 'mean 6'),
  median(24, 'mean 24'),
  median(72, 'mean 48'),
  median(288, 'mean 144'),
  { name: 'trend 6', needs: 'nothing', at: (tail, end, target) => trend(tail, end, target, 6, 0.9) },
  { name: 'trend 24', needs: 'nothing', at: (tail, end, target) => trend(tail, end, target, 24, 0.98) },
  {
    name: 'season',
    needs: 'short',
    at: ({ values }, end, target, { short }) => valueAt(values, lagged(end, target, short, 0)),
  },
  {
    name: 'season, raised by the last',
    needs: 'short',
    at: (tail, end, target, { short }) =>
      valueAt(tail.values, lagged(end, target, short, 0)) + rise(tail, end, short, 2),
  },
  {
    name: 'season, raised by a season',
    needs: 'short',
    at: (tail, end, target, { short }) =>
      valueAt(tail.values, lagged(end, target, short, 0)) + rise(tail, end, short, short >> 1),
  },
  {
    name: 'mean of 3 seasons',
    needs: 'short',
    at: (tail, end, target, { short }) => seasonalMean(tail, end, target, short, 3),
  },
  {
    name: 'mean of 3 seasons, raised',
    needs: 'short',
    at: (tail, end, target, { short }) =>
      seasonalMean(tail, end, target, short, 3) +
      meanBefore(tail, end, short) -
      meanBefore(tail, end, 3 * short),
  },
  {
    name: 'median of 7 seasons',
    needs: 'short',
    at: (tail, end, target, { short }) => seasonalMedian(tail, end, target, short, 7),
    record: 'mean of 3 seasons',
  },
  {
    name: 'around the season',
    needs: 'short',
    at: (tail, end, target, { short }) => {
      let sum = 0;
      for (let near = -2; near <= 2; near++)
        sum += valueAt(tail.values, Math.min(end - 1, lagged(end, target, short, 0) + near));
      return sum / 5;
    },
  },
  {
    name: 'long season',
    needs: 'long',
    at: ({ values }, end, target, { long }) => valueAt(values, lagged(end, target, long, 0)),
  },
  {
    name: 'long season, raised by the last',
    needs: 'long',
    at: (tail, end, target, { long }) =>
      valueAt(tail.values, lagged(end, target, long, 0)) + rise(tail, end, long, 3),
  },
  {
    name: 'long season, raised by a season',
    needs: 'long',
    at: (tail, end, target, { long, short }) =>
      valueAt(tail.values, lagged(end, target, long, 0)) + rise(tail, end, long, short),
  },
  {
    name: 'long season, scaled by a season',
    needs: 'long',
    at: (tail, end, target, { long, short }) => {
      const before = meanBefore(tail, end - long, short);
      const now = meanBefore(tail, end, short);
      const ratio = before * now > 0 ? Math.min(3, Math.max(1 / 3, now / before)) : 1;
      return valueAt(tail.values, lagged(end, target, long, 0)) * ratio;
    },
  },
  {
    name: 'mean of 4 long seasons',
    needs: 'long',
    at: (tail, end, target, { long }) => seasonalMean(tail, end, target, long, 4),
  },
  {
    name: 'mean of 4 long seasons, raised',
    needs: 'long',
    at: (tail, end, target, { long, short }) =>
      seasonalMean(tail, end, target, long, 4) +
      meanBefore(tail, end, short) -
      seasonalLevel(tail, end, long, short),
  },
];

/** Mean of the last `span` values as the means of 4 long seasons would have put it. */
function seasonalLevel(tail: Tail, end: number, long: number, span: number): number {
  let sum = 0;
  let number = 0;
  for (let back = 1; back <= 4 && end - back * long - span >= 0; back++) {
    sum += meanBefore(tail, end - back * long, span);
    number += 1;
  }
  return number === 0 ? meanBefore(tail, end, span) : sum / number;
}

export const indexOfReference: ReadonlyMap<string, number> = new Map(
  references.map(({ name }, index) => [name, index]),
);

/** Whether a series without that season has this reference. */
export const absent = ({ needs }: Reference, seasons: Seasons): boolean =>
  (needs === 'short' && seasons.short === 0) || (needs === 'long' && seasons.long === 0);

/** What stands in for a reference that a series does not have: weighing it in does no harm. */
export const standIn = indexOfReference.get('mean 48') ?? 0;
