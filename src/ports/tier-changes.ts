import type { NodeId } from '../foundation/ids.ts';
import type { Tier } from './tier.ts';

/**
 * How members move between tiers: on the leader, by committed `configuration` entries, one change at a time. Each call resolves when the change is
 * whole (the member votes, or runs as what it became as far as the facts go), and may be repeated after it failed or after another leader began it:
 * it goes on from what the facts say. Errors are `TanistError`: `not-leader`, `unknown-member`, `configuration-change-pending`, `learner-not-ready`,
 * `quorum-at-risk`, `under-doubt`, `indeterminate`, `stopping`.
 */
export interface TierChanges {
  /** Warm or cold → hot: fetches what it lacks, learns, votes. */
  promote(id: NodeId): Promise<void>;
  /** Hot → beyond the quorum. */
  demote(id: NodeId, to: Exclude<Tier, 'hot'>): Promise<void>;
  /** A hot member that is lost makes room for another, which becomes a voter; the lost one is `warm` when it comes back. */
  replace(lost: NodeId, by: NodeId): Promise<void>;
  /** Between warm and cold. */
  retier(id: NodeId, to: Exclude<Tier, 'hot'>): Promise<void>;
}
