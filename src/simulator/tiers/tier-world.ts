import type { NodeId } from '../../foundation/ids.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { Supervisor } from '../../replication/promotion/supervisor.ts';
import type { DeltaSource } from '../../replication/source/delta-source.ts';
import type { TierPlan } from '../plan/tiers.ts';
import type { Life } from '../world/life.ts';
import type { Network } from '../world/network.ts';
import type { Fences } from './fences.ts';

/** What all members of a simulated cluster with tiers share. */
export interface TierWorld {
  readonly network: Network;
  readonly plan: TierPlan;
  readonly seeds: readonly MemberFacts[];
  /** Replicas measure their ways to hot members. */
  readonly measures: boolean;
  /** Null: only an operator promotes by force. */
  readonly fences: Fences | null;
  /** The running process of that member. */
  member(id: NodeId): ReachedMember | null;
}

/** A member as others reach it. */
export interface ReachedMember {
  readonly id: NodeId;
  readonly life: Life;
  readonly supervisor: Supervisor;
  /** Null: it is not hot. */
  readonly source: DeltaSource | null;
  readonly leads: boolean;
}
