import type { History } from '../forecast.ts';
import { at, nth } from '../math/at.ts';
import type { Observations, Repairs } from './observations.ts';
import { detectStep } from './step.ts';

export interface RegularSeries {
  readonly history: History;
  /** 1 where a value was observed, 0 where it was filled: the truth that a backtest may judge by. */
  readonly observed: Uint8Array;
  readonly repairs: Repairs;
}

export interface RegularOptions {
  /** Distance between values, ms; without it, the usual one of the observations. */
  readonly stepMs?: number;
  /** Longest gap that is filled, steps. Longer: the series begins anew after it, if enough of it is left. */
  readonly longestFill?: number;
  /** Most values kept, the newest. */
  readonly most?: number;
}

const LONGEST_FILL = 48;
/** With fewer values after a long gap the gap is filled all the same: a short past is worse than an invented hour. */
const ENOUGH = 96;
const MOST = 1_000_000;

/**
 * A series on a regular grid from observations as they came: unreadable ones left out, sorted, of several in one step the last, short gaps
 * filled along a straight line. The grid ends at the last observation. Null: no observation with a finite time and value.
 */
export function regularSeries(
  observations: Observations,
  options: RegularOptions = {},
): RegularSeries | null {
  const { order, unreadable, backwards } = readable(observations);
  const last = order[order.length - 1];
  if (last === undefined) return null;
  const times = Float64Array.from(order, (i) => nth(observations.timesMs, i));
  const stepMs = options.stepMs ?? detectStep(times);
  const endMs = nth(observations.timesMs, last);
  if (!(stepMs > 0))
    return single(nth(observations.values, last), endMs, {
      unreadable,
      backwards,
      duplicates: order.length - 1,
    });

  const cells = new Map<number, number>();
  for (const i of order)
    cells.set(Math.round((nth(observations.timesMs, i) - endMs) / stepMs), nth(observations.values, i));
  const places = [...cells.keys()];
  const { first, gaps } = start(places, options.longestFill ?? LONGEST_FILL, options.most ?? MOST);
  const values = new Float64Array(1 - first);
  const observed = new Uint8Array(1 - first);
  let before = first;
  for (const place of places) {
    if (place < first) continue;
    const value = cells.get(place) ?? Number.NaN;
    const from = at(values, before - first);
    for (let k = before + 1; k < place; k++)
      values[k - first] = from + ((value - from) * (k - before)) / (place - before);
    values[place - first] = value;
    observed[place - first] = 1;
    before = place;
  }
  const filled = observed.length - observed.reduce((sum, one) => sum + one, 0);
  const duplicates = order.length - cells.size;
  return {
    history: { values, stepMs, endMs },
    observed,
    repairs: { unreadable, backwards, duplicates, filled, gaps },
  };
}

interface Readable {
  /** Indices of readable observations by time; of equal times in the order in which they came. */
  readonly order: readonly number[];
  readonly unreadable: number;
  readonly backwards: number;
}

function readable({ timesMs, values }: Observations): Readable {
  const order: number[] = [];
  let backwards = 0;
  let newest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < timesMs.length; i++) {
    const time = nth(timesMs, i);
    if (!Number.isFinite(time) || !Number.isFinite(nth(values, i))) continue;
    if (time < newest) backwards++;
    newest = Math.max(newest, time);
    order.push(i);
  }
  if (backwards > 0) order.sort((a, b) => nth(timesMs, a) - nth(timesMs, b) || a - b);
  return { order, unreadable: timesMs.length - order.length, backwards };
}

/** Where the grid begins: after the last long gap that leaves enough values. Places are sorted upwards and end at 0. */
function start(
  places: readonly number[],
  longestFill: number,
  most: number,
): { readonly first: number; readonly gaps: number } {
  let first = 0;
  for (let i = places.length - 1; i > 0; i--) {
    first = nth(places, i);
    const gap = first - nth(places, i - 1) - 1;
    if (gap > longestFill && (1 - first >= ENOUGH || gap > most / 2))
      return { first: Math.max(first, 1 - most), gaps: 1 };
  }
  return { first: Math.max(nth(places, 0), 1 - most), gaps: 0 };
}

function single(
  value: number,
  endMs: number,
  repairs: Pick<Repairs, 'unreadable' | 'backwards' | 'duplicates'>,
): RegularSeries {
  return {
    history: { values: Float64Array.of(value), stepMs: 1000, endMs },
    observed: Uint8Array.of(1),
    repairs: { ...repairs, filled: 0, gaps: 0 },
  };
}
