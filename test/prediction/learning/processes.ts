import { gaussian, seededRandom } from '../../../src/foundation/random.ts';
import type { History } from '../../../src/prediction/forecast.ts';
import { type RoundOptions, roundDefaults } from '../../../src/prediction/learning/options.ts';
import type { RoundParts } from '../../../src/prediction/learning/round.ts';
import { StoredSeries } from '../../../src/prediction/learning/stored-series.ts';
import { networkSize } from '../../../src/prediction/neural/features/window.ts';
import { type Forecaster, openForecaster } from '../../../src/prediction/neural/forecaster.ts';
import type { Model } from '../../../src/prediction/neural/model.ts';
import { initialWeights, type NetworkSize } from '../../../src/prediction/neural/network.ts';

/** A network that knows nothing, small enough to train in a moment. */
export const small: Model = {
  name: 'gru-base',
  version: 1,
  size: networkSize(6, 8),
  weights: initialWeights(networkSize(6, 8), seededRandom('small')),
  statistics: { seed: 'small', from: null, steps: 0, series: 0, values: 0, heldOut: null },
};

export const quick: RoundOptions = {
  ...roundDefaults,
  steps: 60,
  windows: 16,
  targets: 4,
  rate: 5e-3,
  horizon: 10,
  shortest: 40,
  seed: 'once',
};

const stepMs = 1000;
/** Ends at this many seconds. */
export const historyOf = (values: Float64Array, endMs = values.length * stepMs): History => ({
  values,
  stepMs,
  endMs,
});

/** A wave whose height and level drift. */
export const drifting = (length: number, shift = 0): Float64Array =>
  Float64Array.from(
    { length },
    (_, i) => 10 + i / 200 + Math.sin((2 * Math.PI * (i + shift)) / 20) * (1 + 0.3 * Math.sin(i / 37)),
  );

/** A random walk: no forecast of it is better than its last value. */
export function walk(length: number, seed: string): Float64Array {
  const random = seededRandom(seed);
  let level = 100;
  return Float64Array.from({ length }, () => {
    level += gaussian(random);
    return level;
  });
}

export const stored = (all: readonly Float64Array[]): readonly (readonly [string, StoredSeries])[] =>
  all.map((values, index) => [`s${index}`, new StoredSeries(historyOf(values))] as const);

export const parts = (size: NetworkSize): RoundParts => {
  let opened: Promise<Forecaster> | null = null;
  return { forecaster: () => (opened ??= openForecaster(size)), rest: async () => {} };
};
