import type { Term } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import type { RoundOptions } from '../../prediction/learning/options.ts';
import type { Model } from '../../prediction/neural/model.ts';
import type { ReplicaFeed } from '../beyond/replica-feed.ts';
import type { MetPredictions } from '../prediction/met-predictions.ts';
import type { Predictor } from '../prediction/predictor.ts';
import type { Proposal } from '../writes/proposals.ts';
import type { LearningOptions } from './learning-options.ts';

/** What learning needs of its node. */
export interface LearningParts {
  readonly feed: ReplicaFeed;
  readonly predictor: Predictor;
  readonly options: LearningOptions;
  /** What a round is otherwise; for tests. */
  readonly round?: Partial<RoundOptions>;
  readonly random: Random;
  /** The model that came with the program. Errors: `model-missing` and others of model files. */
  readonly baseModel: () => Promise<Model>;
  /** The term that this node leads in, once it may write; null: it does not. */
  readonly leads: () => Term | null;
  readonly clusterNowMs: () => number;
  /** Series that are predicted here. */
  readonly seriesCount: () => number;
  /** What failovers showed. */
  readonly met: Pick<MetPredictions, 'figures' | 'take'>;
  readonly valueBytes: number;
  readonly submit: (proposal: Proposal) => void;
}
