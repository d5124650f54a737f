import type { PredictionWorker } from '../worker/host.ts';
import { type AdaptOptions, adaptDefaults } from './adapt.ts';
import { adaptCall, evaluateCall } from './calls.ts';
import type { EvaluateOptions, Evaluation } from './evaluate.ts';
import type { Model } from './model.ts';
import type { TrainingSeries } from './sampler.ts';

/** How long a step may take at full share before the worker is taken for hung, ms; the real figure is near 10. */
const slowestStepMs = 250;

/**
 * A model trained further, in the worker, on the past of given series: the next version of it. The caller sees to it that it is better
 * before it is used (`evaluate` on values that were not in `series`).
 *
 * @throws `invalid-argument` nothing to learn from; `prediction-failed` the training diverged; what `PredictionWorker.call` throws
 */
export async function adapt(
  worker: PredictionWorker,
  model: Model,
  series: readonly TrainingSeries[],
  given: Partial<AdaptOptions> & { readonly share?: number } = {},
): Promise<Model> {
  const { share = 1, ...rest } = given;
  const options = { ...adaptDefaults, ...rest };
  const { weights } = await worker.call(
    adaptCall,
    { size: model.size, weights: model.weights, series, options, share },
    { timeoutMs: 60_000 + (options.steps * slowestStepMs) / share },
  );
  return {
    ...model,
    version: model.version + 1,
    weights,
    statistics: {
      seed: options.seed,
      from: `${model.name} ${model.version}`,
      steps: options.steps,
      series: series.length,
      values: series.reduce((sum, { values }) => sum + values.length, 0),
      heldOut: null,
    },
  };
}

/** How good a model is on the held-out ends of series. */
export function evaluate(
  worker: PredictionWorker,
  { size, weights }: Model,
  series: readonly TrainingSeries[],
  options: EvaluateOptions,
): Promise<Evaluation> {
  return worker.call(evaluateCall, { size, weights, series, options }, { timeoutMs: 60_000 });
}
