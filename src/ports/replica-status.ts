import type { NodeId } from '../foundation/ids.ts';
import type { Tier } from './tier.ts';

/** What is known of a replica when it is weighed: whether it lives, whether it is right, how far it is, what it is assigned to. */
export interface ReplicaStatus {
  readonly id: NodeId;
  /** As assigned: in the facts. */
  readonly tier: Tier;
  readonly heartbeat: HeartbeatStatus;
  /** Since it was last heard, ms. */
  readonly silentMs: number;
  /** How far its predictions are from what happened, 0 to 1. Null: not measured. */
  readonly modelDivergence: number | null;
  /** Score of data integrity, 0 (in doubt or damaged) to 1, and why it is not 1. */
  readonly dataIntegrity: number;
  readonly trouble: string | null;
  /** Smoothed round trip to who answers. Null: not measured. */
  readonly networkLatencyMs: number | null;
}

export const heartbeatStatuses = ['alive', 'suspected', 'lost'] as const;
/** `suspected`: silent for longer than its measured arrivals allow. `lost`: for so long that it counts as gone. */
export type HeartbeatStatus = (typeof heartbeatStatuses)[number];
