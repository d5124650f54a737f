import type { PredictionWorker } from '../../prediction/worker/host.ts';

/** The thread that forecasts, as this folder needs it. */
export type Predictor = Pick<PredictionWorker, 'state' | 'faults' | 'call' | 'onState'>;

/** What it may take. */
export interface PredictionBudget {
  /** Part of one core, 0 to 1. */
  readonly cpu: number;
  readonly memoryMb: number;
  readonly series: number;
}

export const defaultPredictionBudget: PredictionBudget = { cpu: 0.1, memoryMb: 250, series: 4096 };
