import { seededRandom } from '../../foundation/random.ts';
import { adaptWeights } from '../neural/adapt.ts';
import { type Evaluation, evaluateWeights } from '../neural/evaluate.ts';
import { networkSize } from '../neural/features/window.ts';
import { openForecaster } from '../neural/forecaster.ts';
import type { Model } from '../neural/model.ts';
import { initialWeights } from '../neural/network.ts';
import { samplerDefaults } from '../neural/sampler.ts';
import { generateSet } from './generate.ts';

export interface BaseOptions {
  readonly seed: string;
  readonly steps: number;
  /** Generated series to train on, and others to measure on. */
  readonly series: number;
  readonly heldOutSeries: number;
  readonly hidden: number;
  readonly inner: number;
}

export const baseDefaults: BaseOptions = {
  seed: 'base',
  steps: 24_000,
  series: 8_000,
  heldOutSeries: 300,
  hidden: 32,
  inner: 48,
};

export interface TrainedBase {
  readonly model: Model;
  readonly loss: number;
  /** On series of another seed, by horizon. */
  readonly heldOut: readonly { readonly horizon: number; readonly evaluation: Evaluation }[];
}

/** Trains the base model from nothing on generated series. The same options give the same weights on one machine. */
export async function trainBase(
  options: BaseOptions,
  progress: (step: number) => void = () => {},
): Promise<TrainedBase> {
  const random = seededRandom(options.seed);
  const size = networkSize(options.hidden, options.inner);
  const set = generateSet(random.fork('series'), options.series);
  const start = initialWeights(size, random.fork('weights'));
  const { weights, loss } = await adaptWeights(
    size,
    start,
    set,
    { ...samplerDefaults, seed: `${options.seed}/lessons`, steps: options.steps, rate: 2e-3 },
    async (step) => progress(step),
  );
  const unseen = generateSet(random.fork('held out'), options.heldOutSeries);
  const forecaster = await openForecaster(size);
  const heldOut: { horizon: number; evaluation: Evaluation }[] = [];
  for (const horizon of [1, 12, 48])
    heldOut.push({
      horizon,
      evaluation: await evaluateWeights(forecaster, weights, unseen, { horizon, heldOut: 96, every: 12 }),
    });
  await forecaster.close();
  const statistics = {
    seed: options.seed,
    from: null,
    steps: options.steps,
    series: set.length,
    values: set.reduce((sum, { values }) => sum + values.length, 0),
    heldOut: heldOut.find(({ horizon }) => horizon === 12)?.evaluation.relative ?? null,
  };
  return { model: { name: 'gru-base', version: 1, size, weights, statistics }, loss, heldOut };
}
