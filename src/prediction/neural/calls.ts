import { callKind } from '../worker/messages.ts';
import type { Adapted, AdaptOptions } from './adapt.ts';
import type { EvaluateOptions, Evaluation } from './evaluate.ts';
import type { ForecastRequest } from './forecaster.ts';
import type { NetworkSize } from './network.ts';
import type { TrainingSeries } from './sampler.ts';

/** Weights cross with every call: some 100 KB, less than the bookkeeping of keeping them there would cost. */
interface WithWeights {
  readonly size: NetworkSize;
  readonly weights: Float32Array;
}

export const forecastCall = callKind<
  WithWeights & { readonly requests: readonly ForecastRequest[]; readonly horizon: number },
  readonly Float64Array[]
>('neural/forecast');

export const adaptCall = callKind<
  WithWeights & {
    readonly series: readonly TrainingSeries[];
    readonly options: AdaptOptions;
    /** Share of one core that the training may take, 0 to 1. */
    readonly share: number;
  },
  Adapted
>('neural/adapt');

export const evaluateCall = callKind<
  WithWeights & { readonly series: readonly TrainingSeries[]; readonly options: EvaluateOptions },
  Evaluation
>('neural/evaluate');
