import { revision } from '../../foundation/ids.ts';
import { replicaSilentMs } from '../../node/beyond/replica-starts.ts';
import type { OutgoingImage } from '../../node/image/image-outlet.ts';
import type { TanistNode } from '../../node/node.ts';
import { compareLineage } from '../../ports/lineage-order.ts';
import type { Held } from '../../ports/replication.ts';
import type { MemberLineage } from '../../protocol/operations/promotion.ts';
import { forksOf } from '../fork/fork-note.ts';
import { RangeIndex } from '../range-index.ts';
import type { HotRuntime } from './runtimes.ts';

/** A hot node as its member runs it; `stop` ends it and what is around it. */
export function hotRuntime(node: TanistNode, stop: HotRuntime['stop']): HotRuntime {
  return {
    kind: 'hot',
    said: () => saidByNode(node),
    isMember: () => {
      const { voters, outgoing, learners } = node.raftStatus.configuration;
      return [...voters, ...outgoing, ...learners].includes(node.id);
    },
    lastIndex: () => node.raftStatus.last.index,
    silentMs: () => node.silentMs(),
    hears: (id) =>
      node.replica(id)?.reachable === true || node.member(id).measurements.silentMs < replicaSilentMs,
    image: (held) => imageOf(node, held),
    stop,
  };
}

/** Without the values that the replica holds, where those are the latest here. Whether it is the whole in the end, who receives it finds out. */
export function imageOf(node: TanistNode, held: Held | null): Promise<OutgoingImage> {
  const own = { clusterId: node.identity.clusterId, epoch: node.state.epoch };
  if (held === null || compareLineage(own, held.lineage) !== 'same') return node.image();
  const { revisions } = held;
  const ranges = new RangeIndex(held.ranges.map((range) => ({ range })));
  return node.image(
    (space, key, revision) =>
      revision <= revisions[space] &&
      space !== 'predicted' &&
      ranges.find(space, key) !== undefined &&
      node.state.modRevision(space, key) === revision,
  );
}

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
