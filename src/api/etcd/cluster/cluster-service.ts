import { randomBytes } from 'node:crypto';
import { type NodeId, nodeId } from '../../../foundation/ids.ts';
import type { MemberInfo, MemberRequest } from '../../../ports/membership.ts';
import { clusterMethods } from '../../../protocol/etcd/methods.ts';
import { etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import { type ServiceHandlers, unary } from '../handlers.ts';
import { changeMemberOnLeader } from './leader-call.ts';
import { addressesOf, memberMessages } from './member-messages.ts';

/** etcd's own limit; Tanist has none. */
const mostLearners = 1;

/** `etcdserverpb.Cluster`: the members, by etcd's numbers. */
export function clusterService(face: EtcdFace): ServiceHandlers {
  const { node } = face;
  const list = (members: readonly MemberInfo[]) => ({
    header: face.header(),
    members: memberMessages(face, members),
  });
  const change = async (request: MemberRequest) => list(await changeMemberOnLeader(face, request));
  /** Here or, if this node is behind, after it has caught up. */
  const idOf = async (number: bigint): Promise<NodeId> => {
    const find = () => node.members().find(({ id }) => face.memberIdOf(id) === number)?.id;
    let found = find();
    if (found === undefined) {
      await face.linearized();
      found = find();
    }
    if (found === undefined) throw etcdError('memberNotFound');
    return found;
  };
  return {
    unary: new Map([
      unary(clusterMethods.memberList, async ({ linearizable }) => {
        if (linearizable) await face.linearized();
        return list(node.members());
      }),
      unary(clusterMethods.memberAdd, async ({ peerURLs, isLearner }) => {
        const peer = addressesOf(peerURLs);
        await face.linearized();
        const learners = node.members().filter(({ learner }) => learner).length;
        if (isLearner && learners >= mostLearners) throw etcdError('tooManyLearners');
        // Its name and where clients find it are what it says itself when it has started.
        const id = nodeId(`m-${randomBytes(8).toString('hex')}`);
        const facts = { id, name: '', peer, client: '', http: '', tier: 'hot', labels: {} };
        const members = await changeMemberOnLeader(face, { kind: 'add', facts, voter: !isLearner });
        const answer = list(members);
        return { ...answer, member: answer.members.find(({ ID }) => ID === face.memberIdOf(id)) ?? null };
      }),
      unary(clusterMethods.memberRemove, async ({ ID }) => change({ kind: 'remove', id: await idOf(ID) })),
      unary(clusterMethods.memberPromote, async ({ ID }) => change({ kind: 'promote', id: await idOf(ID) })),
      unary(clusterMethods.memberUpdate, async ({ ID, peerURLs }) => {
        const id = await idOf(ID);
        return change({ kind: 'update', id, facts: { peer: addressesOf(peerURLs) } });
      }),
    ]),
    streams: new Map(),
  };
}
