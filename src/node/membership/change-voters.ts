import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { MemberInfo } from '../../ports/membership.ts';
import type { Raft } from '../../raft/raft.ts';
import { leadsNot } from '../refusals.ts';
import { type ClusterView, checkHeirs } from './plan-parts.ts';

/** See `TanistNode.changeMembers`. */
export function changeVoters(
  raft: Raft,
  members: readonly MemberInfo[],
  voters: readonly NodeId[],
  learners: readonly NodeId[],
  known: Pick<ClusterView, 'isAlive' | 'trusts'>,
): void {
  const all = [...voters, ...learners];
  const unknown = all.find((id) => members.every((member) => member.id !== id));
  if (unknown !== undefined)
    throw new TanistError('unknown-member', `${unknown} is no member of this cluster`);
  if (voters.length === 0 || new Set(all).size !== all.length)
    throw new TanistError('invalid-argument', 'a cluster needs a voter, and each member is named once');
  checkHeirs(voters, { raft: raft.status, ...known });
  const result = raft.proposeConfiguration({ voters, learners });
  if (result.accepted) return;
  if (result.reason === 'not-leader') throw leadsNot();
  const message = 'another change or a hand-over is under way; try again when it is over';
  throw new TanistError('configuration-change-pending', message);
}
