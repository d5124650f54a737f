import { type NodeId, nodeId } from '../../foundation/ids.ts';
import type { MemberLineage } from '../../protocol/promotion.ts';
import type { ColdReplica } from './cold-replica.ts';

/** What a cold replica says of itself and its lineage, as of its newest snapshot. It keeps no index of forks in memory: those who hold them say them. */
export function saidByCold(self: NodeId, { snapshots }: ColdReplica, leader: string | null): MemberLineage {
  const newest = snapshots.at(-1);
  return {
    id: self,
    lineage: newest?.lineage ?? { clusterId: '', epoch: 0 },
    tier: 'cold',
    leader: leader === null ? null : nodeId(leader),
    voters: [],
    applied: newest?.index ?? 0,
    revision: newest?.revisions.user ?? 0,
    members: (newest?.members ?? []).map((facts) => ({ ...facts, voter: false, learner: false })),
    forks: [],
  };
}
