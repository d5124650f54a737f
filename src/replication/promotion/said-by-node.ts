import { revision } from '../../foundation/ids.ts';
import type { TanistNode } from '../../node/node.ts';
import type { MemberLineage } from '../../protocol/promotion.ts';
import { forksOf } from '../fork/fork-note.ts';

/** What a hot node says of itself and its lineage. */
export function saidByNode(node: TanistNode): MemberLineage {
  const { raft, applied } = node.inspect();
  const { voters, outgoing } = raft.configuration;
  return {
    id: node.id,
    lineage: { clusterId: node.identity.clusterId, epoch: node.state.epoch },
    tier: 'hot',
    leader: raft.leader,
    voters: [...new Set([...voters, ...outgoing])],
    applied,
    revision: revision(node.state.revision('user')),
    members: node.members(),
    forks: forksOf(node.state),
  };
}
