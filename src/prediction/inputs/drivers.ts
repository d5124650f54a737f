import type { History, Inputs } from '../forecast.ts';
import { at } from '../math/at.ts';
import { winsorised } from '../math/winsorise.ts';

/** An input that a series seems to follow, so many steps later. */
export interface Driver {
  readonly input: number;
  readonly lag: number;
  readonly strength: number;
}

/** Values that are looked at, and the longest lag. */
const WINDOW = 256;
const LAGS = 16;
const SHORTEST = 40;
/** Correlations of what has nothing to do with it are within ±1/√n two times of three; so many of them are not chance among thousands. */
const SIGNIFICANT = 4.5;
/** Inputs that move together this much say the same. */
const SAME = 0.9;
/** Share of moments at which an input is known. */
const KNOWN = 0.75;

/**
 * The inputs whose values, or whose changes, the changes of a series follow, the strongest first: by correlation at lags of 1 step and more. Only the
 * history is looked at, so that a backtest chooses them anew from what was known at each fit.
 */
export function driversOf({ values, inputs }: History, most: number): readonly Driver[] {
  const length = Math.min(WINDOW, values.length - 1);
  if (inputs === undefined || length < SHORTEST) return [];
  const target = standardised(changes(values.subarray(-length - 1)));
  if (target === null) return [];
  const found: (Driver & { readonly follows: Float64Array })[] = [];
  for (let input = 0; input < inputs.count; input++) {
    const best = strongest(target, inputs, input, length);
    if (best !== null) found.push(best);
  }
  found.sort((a, b) => b.strength - a.strength || a.input - b.input);
  const chosen: typeof found = [];
  for (const one of found) {
    if (chosen.length === most) break;
    if (chosen.every((other) => Math.abs(product(one.follows, other.follows, 0)) < SAME)) chosen.push(one);
  }
  return chosen.map(({ input, lag, strength }) => ({ input, lag, strength }));
}

function strongest(
  target: Float64Array,
  inputs: Inputs,
  input: number,
  length: number,
): (Driver & { readonly follows: Float64Array }) | null {
  const values = known(inputs.last(input, length + 1));
  if (values === null) return null;
  let best: (Driver & { readonly follows: Float64Array }) | null = null;
  const bar = SIGNIFICANT / Math.sqrt(length);
  for (const series of [standardised(changes(values)), standardised(values.subarray(1))]) {
    if (series === null) continue;
    for (let lag = 1; lag <= LAGS; lag++) {
      const strength = Math.abs(product(target, series, lag));
      if (strength < bar || (best !== null && strength <= best.strength)) continue;
      best = { input, lag, strength, follows: shifted(series, lag) };
    }
  }
  return best;
}

/** Gaps hold what was known before them; null: too much is not known, or nothing varies. */
function known(values: Float64Array): Float64Array | null {
  const result = Float64Array.from(values);
  let last = values.find((value) => !Number.isNaN(value)) ?? Number.NaN;
  let count = 0;
  for (let i = 0; i < result.length; i++) {
    const value = at(result, i);
    if (Number.isNaN(value)) result[i] = last;
    else {
      last = value;
      count++;
    }
  }
  return count >= KNOWN * values.length ? result : null;
}

function changes(values: Float64Array): Float64Array {
  const result = new Float64Array(values.length - 1);
  for (let i = 0; i < result.length; i++) result[i] = at(values, i + 1) - at(values, i);
  return result;
}

/** Mean 0, squares that sum to 1, single spikes cut off; null: it does not vary. */
function standardised(values: Float64Array): Float64Array | null {
  const cut = winsorised(values);
  let mean = 0;
  for (let i = 0; i < cut.length; i++) mean += at(cut, i);
  mean /= cut.length;
  let squares = 0;
  for (let i = 0; i < cut.length; i++) squares += (at(cut, i) - mean) ** 2;
  if (!(squares > 1e-18 * mean ** 2 * cut.length)) return null;
  const scale = 1 / Math.sqrt(squares);
  return cut.map((value) => (value - mean) * scale);
}

/** Of `target` with `series` so many steps before. */
function product(target: Float64Array, series: Float64Array, lag: number): number {
  let sum = 0;
  for (let i = lag; i < target.length; i++) sum += at(target, i) * at(series, i - lag);
  return sum;
}

function shifted(series: Float64Array, lag: number): Float64Array {
  const result = new Float64Array(series.length);
  result.set(series.subarray(0, series.length - lag), lag);
  return result;
}
