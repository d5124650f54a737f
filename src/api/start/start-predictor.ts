import type { ClusterConfig } from '../../node/config/config.ts';
import { saidJson } from '../../node/prediction/model-report.ts';
import { OnlinePrediction } from '../../node/prediction/online-prediction.ts';
import type { PredictionFeed } from '../../node/prediction/prediction-feed.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { ModelSaid } from '../../ports/replication.ts';
import { LazyPredictor } from './lazy-predictor.ts';
import { UsageReader } from './usage-reader.ts';

/** A predictor with its thread. */
export interface StartedPredictor {
  /** To be started once its feed can be read. */
  readonly prediction: OnlinePrediction;
  /** What it tells the leader of its predictions; null: nothing. */
  said(): ModelSaid | null;
  close(): Promise<void>;
}

/** Of a replica beyond the quorum; null where the config wants none. */
export function startPredictor(
  { prediction: budget }: ClusterConfig,
  nodeLog: NodeLog,
  feed: PredictionFeed,
): StartedPredictor | null {
  if (!budget.enabled) return null;
  const predictor = new LazyPredictor(nodeLog, budget.memoryMb);
  const usage = new UsageReader();
  const prediction = new OnlinePrediction({ feed, predictor, budget, usage: () => usage.latest });
  return {
    prediction,
    said: () => {
      const said = prediction.said();
      return said === null ? null : saidJson(said);
    },
    async close() {
      prediction.close();
      usage.stop();
      await predictor.close();
    },
  };
}
