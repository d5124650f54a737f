import { textOf } from '../../foundation/bytes.ts';
import { type NodeId, nodeId } from '../../foundation/ids.ts';
import type { KeyValue } from '../../ports/delta.ts';
import type { Fork } from '../../ports/lineage.ts';
import type { MemberLineage } from '../../protocol/promotion.ts';
import { forkPrefix } from '../fork/fork-note.ts';
import type { WarmReplica } from './warm-replica.ts';

/** What a warm replica says of itself and its lineage, as of its last mark. */
export function saidByWarm(self: NodeId, { state }: WarmReplica, leader: string | null): MemberLineage {
  const { meta, members } = state;
  return {
    id: self,
    lineage: meta?.lineage ?? { clusterId: '', epoch: 0 },
    tier: 'warm',
    leader: leader === null ? null : nodeId(leader),
    voters: [],
    applied: meta?.index ?? 0,
    revision: meta?.revisions.user ?? 0,
    members: members.map((facts) => ({ ...facts, voter: false, learner: false })),
    forks: forksHeld(state),
  };
}

function forksHeld({ ranges }: WarmReplica['state']): readonly Fork[] {
  const found: KeyValue[] = [];
  for (const held of ranges)
    if (held.range.space === 'system')
      for (const key of held.keys(forkPrefix, null, 1000))
        if (key.startsWith(forkPrefix)) found.push(...[held.get(key)].filter((value) => value !== null));
  return found.map(({ value }) => JSON.parse(textOf(value)) as Fork);
}
