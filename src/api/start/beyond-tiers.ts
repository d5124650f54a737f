import type { NodeId } from '../../foundation/ids.ts';
import type { ClusterConfig } from '../../node/config/config.ts';
import type { Disk } from '../../ports/database.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { PredictionSource } from '../../ports/prediction.ts';
import type { Lineage } from '../../ports/replication.ts';
import type { Tier } from '../../ports/tier.ts';
import type { BeyondRuntime } from '../../replication/promotion/runtimes.ts';
import type { PromotionFace } from '../services/promotion-service.ts';

/** What runs beyond the quorum is started with this. */
export interface BeyondStart {
  readonly config: ClusterConfig;
  readonly self: NodeId;
  readonly tier: Exclude<Tier, 'hot'>;
  readonly dataFolder: string;
  readonly disk: Disk;
  /** The only lineage that it follows; null: whichever it finds. */
  readonly lineage: Lineage | null;
  readonly listen: { readonly client: string; readonly http: string };
  readonly nodeLog: NodeLog;
  readonly face: PromotionFace;
  readonly failed: (error: Error) => void;
}

export interface StartedBeyond {
  readonly runtime: BeyondRuntime;
  /** Null, or absent: it predicts nothing. */
  readonly prediction?: PredictionSource | null;
  readonly addresses: { readonly client: string; readonly http: string };
}

export interface BeyondTiers {
  start(options: BeyondStart): Promise<StartedBeyond>;
  /** Removes the databases of the tier. */
  discard(tier: Exclude<Tier, 'hot'>, disk: Disk): Promise<void>;
}
