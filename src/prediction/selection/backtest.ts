import type { History } from '../forecast.ts';
import { at } from '../math/at.ts';
import type { SelectionOptions } from './options.ts';
import { roll, until } from './roll.ts';
import { selectBestModel } from './select-best-model.ts';

/** What arithmetic leaves of a number that is the same, in parts of it. */
const ROUNDING = 1e-12;

/** What one model did over all origins of a backtest. */
export interface BacktestRow {
  /** Name of a candidate, or `selected`. */
  readonly model: string;
  readonly mae: number;
  /** Mean absolute error in units of that of the last value; NaN: that never erred by more than rounding does. */
  readonly relMae: number;
  /** Share of truths within their interval; null for single candidates, which give none. */
  readonly coverage: number | null;
}

export interface SeriesBacktest {
  readonly origins: number;
  readonly rows: readonly BacktestRow[];
}

export interface BacktestOptions extends SelectionOptions {
  /** Lengths of the past at each origin, rising. */
  readonly at: readonly number[];
  /** 1 where a value was observed: only those are judged by. */
  readonly observed?: Uint8Array;
}

/** Tests the selection as it would be used: chosen on the past of the first origin, then carried on from origin to origin. */
export async function backtest(history: History, options: BacktestOptions): Promise<SeriesBacktest> {
  const { candidates, horizon } = options;
  const names = candidates.map(({ name }) => name);
  const errors = new Float64Array(names.length + 1);
  let judged = 0;
  let within = 0;
  const first = options.at[0] ?? history.values.length;
  const selected = await selectBestModel(until(history, first), options);
  await roll(selected, history, options.at, (origin, forecasts, forecast) => {
    const naive = at(history.values, origin - 1);
    for (let step = 0; step < horizon; step++) {
      if (options.observed !== undefined && options.observed[origin + step] !== 1) continue;
      const truth = at(history.values, origin + step);
      judged++;
      if (truth >= at(forecast.lower, step) && truth <= at(forecast.upper, step)) within++;
      names.forEach((_, i) => {
        const own = forecasts[i];
        errors[i] = at(errors, i) + Math.abs(truth - (own == null ? naive : at(own, step)));
      });
      errors[names.length] = at(errors, names.length) + Math.abs(truth - at(forecast.mean, step));
    }
  });
  const base = at(errors, names.indexOf('last-value'));
  const rows = [...names, 'selected'].map((model, i) => ({
    model,
    mae: at(errors, i) / judged,
    relMae: relativeError(at(errors, i) / judged, base / judged, history.values),
    coverage: model === 'selected' ? within / judged : null,
  }));
  return { origins: options.at.length, rows };
}

/** An error in units of that of the last value; NaN where that one is none beside the size of the values. */
export function relativeError(error: number, naive: number, values: Float64Array): number {
  const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return naive > ROUNDING * size ? error / naive : Number.NaN;
}

/** Default of `tanist backtest`: the last fifth of a series, an origin every half horizon, the whole horizon known after each. */
export function lastFifth(length: number, horizon: number): readonly number[] {
  const spacing = Math.max(1, Math.floor(horizon / 2));
  const result: number[] = [];
  for (let origin = Math.floor(length * 0.8); origin + horizon <= length; origin += spacing)
    result.push(origin);
  return result;
}
