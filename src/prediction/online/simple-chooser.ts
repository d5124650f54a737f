import type { History } from '../forecast.ts';
import { scoredSteps } from './accuracy.ts';
import type { BacktestErrors, Batch, Chooser, Chosen } from './chooser.ts';

/** Rolling origins of its backtest. */
const origins = 24;
const smoothings = [0.2, 0.5, 0.8] as const;

interface Simple {
  readonly name: string;
  level(values: Float64Array, end: number): number;
}

const lastValue: Simple = { name: 'last', level: (values, end) => values[end - 1] ?? Number.NaN };

function smoothed(alpha: number): Simple {
  return {
    name: `ses-${alpha}`,
    level(values, end) {
      let level = values[0] ?? Number.NaN;
      for (let i = 1; i < end; i++) level += alpha * ((values[i] ?? level) - level);
      return level;
    },
  };
}

const batches = new Map<string, Batch>();

const simples: readonly Simple[] = [lastValue, ...smoothings.map(smoothed)];

/** Last value or exponential smoothing, whichever was nearer: what is left to do without any other model. */
export const simpleChooser: Chooser = {
  minimumLength: 8,
  first: { model: lastValue.name, batch: batchOf(lastValue), backtest: [] },
  choose(history, horizon): Chosen {
    let best: { readonly simple: Simple; readonly error: number } | null = null;
    for (const simple of simples) {
      const error = meanError(simple, history.values);
      // The earlier is the simpler one: it stays where the gain is small.
      if (best === null || error < best.error * 0.97) best = { simple, error };
    }
    const { simple } = best ?? { simple: lastValue };
    return { model: simple.name, batch: batchOf(simple), backtest: backtestOf(simple, history, horizon) };
  },
};

function batchOf(simple: Simple): Batch {
  let batch = batches.get(simple.name);
  if (batch === undefined) {
    batch = {
      forecast: (histories, horizon) =>
        histories.map(({ values }) => new Float64Array(horizon).fill(simple.level(values, values.length))),
    };
    batches.set(simple.name, batch);
  }
  return batch;
}

function meanError(simple: Simple, values: Float64Array): number {
  const first = Math.max(2, values.length - origins);
  let sum = 0;
  for (let end = first; end < values.length; end++)
    sum += Math.abs((values[end] ?? 0) - simple.level(values, end));
  return sum / Math.max(1, values.length - first);
}

function backtestOf(simple: Simple, { values }: History, horizon: number): readonly BacktestErrors[] {
  return scoredSteps
    .filter((step) => step <= horizon && values.length >= step + 4)
    .map((step) => {
      const first = Math.max(2, values.length - origins - step + 1);
      const ends = Array.from({ length: values.length - step + 1 - first }, (_, i) => first + i);
      const at = (index: number): number => values[index] ?? 0;
      return {
        step,
        errors: Float64Array.from(ends, (end) => Math.abs(at(end - 1 + step) - simple.level(values, end))),
        naive: Float64Array.from(ends, (end) => Math.abs(at(end - 1 + step) - at(end - 1))),
      };
    });
}
