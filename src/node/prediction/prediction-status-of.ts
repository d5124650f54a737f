import type { PredictionStatus } from '../../ports/prediction-status.ts';
import type { PredictorCalls } from './predictor-calls.ts';
import type { ReadyPredictions } from './ready-predictions.ts';
import type { TrackedKeys } from './tracked-keys.ts';

export interface StatusParts
  extends Pick<
    PredictionStatus,
    'state' | 'mostSeries' | 'behaviour' | 'dropped' | 'preApplied' | 'met' | 'models'
  > {
  readonly keys: Pick<TrackedKeys, 'keyCount' | 'seriesCount' | 'refused'>;
  readonly ready: Pick<ReadyPredictions, 'memoryBytes'>;
  /** Series of keys with a forecast at hand. */
  readonly forecast: number;
  readonly calls: Pick<PredictorCalls, 'figures' | 'errors' | 'lastError' | 'cpuShare'>;
  /** Of the thread. */
  readonly faults: number;
}

/** How a node's predictor does, from what its parts count. */
export function statusOf({ keys, ready, forecast, calls, faults, ...told }: StatusParts): PredictionStatus {
  const { figures, errors, lastError, cpuShare } = calls;
  return {
    ...told,
    keys: keys.keyCount,
    series: keys.seriesCount,
    refused: keys.refused,
    ready: forecast,
    waiting: figures?.waiting ?? 0,
    forecasts: figures?.forecasts ?? 0,
    choices: figures?.choices ?? 0,
    errors: errors + faults,
    lastError,
    cpuShare,
    memoryBytes: (figures?.memoryBytes ?? 0) + ready.memoryBytes,
    scaledError: figures?.scaledError ?? null,
    notNumbers: figures?.notNumbers ?? 0,
    wentBack: figures?.wentBack ?? 0,
  };
}
