import type { History } from '../forecast.ts';
import { type Driver, driversOf } from '../inputs/drivers.ts';
import { at, nth } from '../math/at.ts';
import { type Rows, ridgeFit } from '../math/least-squares.ts';
import { deviation } from '../math/statistics.ts';
import { type Fitted, type FittingCandidate, fitting } from './fitting.ts';
import { groupsOf } from './regression.ts';

/** Values that a fit looks at. */
const WINDOW = 384;
const RIDGE = 1e-3;
const OWN_LAGS = 6;
/** Values whose mean is the level that a series may return to. */
const LEVEL = 24;
const PER_DRIVER = 4;
/** Inputs that one series follows. */
export const MOST_DRIVERS = 3;

/** An input in units of its own deviation from its own mean, as they were when the model was fitted. */
interface Scaled extends Driver {
  readonly mean: number;
  readonly scale: number;
}

/**
 * Autoregression with exogenous inputs (ARX; direct for every few steps ahead, as `regression`): its own last values, and the few inputs that the series
 * follows, each around the moment that lies its lag before the one forecast. Where that moment is still to come it goes on with the newest value: no input is
 * ever read past the end of the history. Says nothing of a series that follows none.
 */
export const driven: FittingCandidate = fitting({
  name: 'arx',
  costUs: 2500,
  stepUs: 8,
  minimumLength: () => 48,
  fit: (history, _profile, horizon) => {
    const drivers = driversOf(history, MOST_DRIVERS);
    if (drivers.length === 0) return null;
    const values = history.values.subarray(-WINDOW);
    const unit = deviation(values) || 1;
    const scaled = drivers.map(
      (driver): Scaled => ({ ...driver, ...unitOf(columnOf(history, driver, values.length)) }),
    );
    const columns = scaled.map((each) => standardised(columnOf(history, each, values.length), each));
    const models: (Float64Array | null)[] = [];
    for (const steps of groupsOf(horizon)) {
      const model = ridgeFit(rowsOf(values, columns, scaled, steps, unit), RIDGE);
      for (const _ of steps) models.push(model);
    }
    return Object.assign(forecaster(models, scaled, unit), { inputs: drivers.map(({ input }) => input) });
  },
});

function forecaster(
  models: readonly (Float64Array | null)[],
  drivers: readonly Scaled[],
  unit: number,
): Fitted {
  const reach = Math.max(OWN_LAGS + 1, LEVEL, ...drivers.map(({ lag }) => lag + 2));
  return (later) => {
    const values = later.values.subarray(-reach);
    const end = values.length - 1;
    const read = drivers.map((each) => columnOf(later, each, values.length));
    // Of an input that ended nothing follows.
    if (read.some((column) => Number.isNaN(at(column, end))))
      return new Float64Array(models.length).fill(Number.NaN);
    const columns = drivers.map((each, i) => standardised(read[i] ?? values, each));
    const row = new Float64Array(sizeOf(drivers));
    return Float64Array.from(models, (model, step) => {
      if (model === null) return at(values, end);
      rowAt(values, columns, drivers, end, step + 1, unit, row, 0);
      let sum = 0;
      for (let i = 0; i < row.length; i++) sum += at(row, i) * at(model, i);
      return at(values, end) + sum * unit;
    });
  };
}

function sizeOf(drivers: readonly Driver[]): number {
  return 2 + OWN_LAGS + PER_DRIVER * drivers.length;
}

/** What was known at `end`, for `ahead` steps later, relative to the value there. */
function rowAt(
  values: Float64Array,
  columns: readonly Float64Array[],
  drivers: readonly Driver[],
  end: number,
  ahead: number,
  unit: number,
  into: Float64Array,
  start: number,
): void {
  const here = at(values, end);
  let i = start;
  into[i++] = 1;
  for (let lag = 1; lag <= OWN_LAGS; lag++) into[i++] = (at(values, Math.max(0, end - lag)) - here) / unit;
  into[i++] = (levelAt(values, end) - here) / unit;
  for (const [k, { lag }] of drivers.entries()) {
    const column = columns[k] ?? values;
    const before = Math.min(end, end + ahead - lag);
    into[i++] = at(column, Math.max(0, before));
    into[i++] = at(column, Math.max(0, before - 1));
    into[i++] = at(column, Math.max(0, Math.min(end, before + 1)));
    into[i++] = at(column, Math.max(0, end - lag));
  }
}

function levelAt(values: Float64Array, end: number): number {
  const first = Math.max(0, end + 1 - LEVEL);
  let sum = 0;
  for (let i = first; i <= end; i++) sum += at(values, i);
  return sum / (end + 1 - first);
}

/** Every row takes the next of the steps that share the model. */
function rowsOf(
  values: Float64Array,
  columns: readonly Float64Array[],
  drivers: readonly Driver[],
  steps: readonly number[],
  unit: number,
): Rows {
  const size = sizeOf(drivers);
  const first = Math.min(values.length >> 1, Math.max(OWN_LAGS, ...drivers.map(({ lag }) => lag + 1)));
  const count = Math.max(0, values.length - Math.max(...steps) - first);
  const inputs = new Float64Array(count * size);
  const targets = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const end = first + row;
    const ahead = nth(steps, row % steps.length);
    rowAt(values, columns, drivers, end, ahead, unit, inputs, row * size);
    targets[row] = (at(values, end + ahead) - at(values, end)) / unit;
  }
  return { inputs, targets, size };
}

function columnOf({ inputs }: History, { input }: Driver, length: number): Float64Array {
  return inputs?.last(input, length) ?? new Float64Array(length).fill(Number.NaN);
}

function unitOf(column: Float64Array): { readonly mean: number; readonly scale: number } {
  const known = column.filter((value) => !Number.isNaN(value));
  let sum = 0;
  for (const value of known) sum += value;
  return { mean: sum / Math.max(1, known.length), scale: deviation(known) || 1 };
}

/** Gaps count as the last value before them, and at the beginning as the mean. */
function standardised(column: Float64Array, { mean, scale }: Scaled): Float64Array {
  let last = 0;
  return column.map((value) => {
    if (!Number.isNaN(value)) last = (value - mean) / scale;
    return last;
  });
}
