import { TanistError } from '../../foundation/errors.ts';
import { type NodeId, nodeId, nodeIdPattern } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { MemberFacts, MemberRequest } from '../../ports/membership.ts';
import { isMember } from '../../raft/configuration.ts';
import {
  type ClusterView,
  checkInSync,
  checkQuorum,
  known,
  type PlannedChange,
  removed,
  step,
} from './plan-parts.ts';
import { planTier } from './plan-tier.ts';

export type { ClusterView, PlannedChange } from './plan-parts.ts';

/**
 * The one step that a wish takes, of at most one voter more or less. Errors: `member-exists`, `member-removed`, `address-taken`, `unknown-member`,
 * `not-a-learner`, `learner-not-ready`, `quorum-at-risk`, `invalid-argument`, and those of `planTier`.
 */
export function planChange(request: MemberRequest, view: ClusterView): PlannedChange {
  switch (request.kind) {
    case 'add':
      return planAdd(request.facts, request.voter, view);
    case 'promote':
      return planPromote(request.id, view);
    case 'remove':
      return planRemove(request.id, view);
    case 'tier':
      return planTier(request, view);
    case 'update':
      return planUpdate(request.id, request.facts, view);
  }
}

function planAdd(facts: MemberFacts, voter: boolean, view: ClusterView): PlannedChange {
  const { id, peer } = facts;
  const { configuration } = view.raft;
  if (!nodeIdPattern.test(id))
    throw new TanistError('invalid-argument', `"${id}" is no id: 1 to 63 of a-z, 0-9 and "-"`);
  if (view.members.isRemoved(id) && mutant.active !== 'removed-id-returns') throw removed(id);
  if (view.members.get(id) !== undefined || isMember(configuration, id))
    throw new TanistError('member-exists', `${id} is a member already`);
  checkPeer(id, peer, view);
  // Beyond the quorum a member is nothing to Raft.
  if (facts.tier !== 'hot' && !voter)
    return step(configuration, configuration.voters, configuration.learners, { set: [facts], removed: [] });
  if (voter) checkQuorum(configuration, [...configuration.voters, id], view, 'added');
  return step(
    configuration,
    voter ? [...configuration.voters, id] : configuration.voters,
    voter ? configuration.learners : [...configuration.learners, id],
    { set: [facts], removed: [] },
  );
}

function planPromote(id: NodeId, view: ClusterView): PlannedChange {
  const { configuration } = view.raft;
  known(id, view);
  if (!configuration.learners.includes(id))
    throw new TanistError('not-a-learner', `${id} is no learner: there is nothing to promote`);
  checkInSync(id, view);
  const learners = configuration.learners.filter((learner) => learner !== id);
  return step(configuration, [...configuration.voters, id], learners, { set: [], removed: [] });
}

function planRemove(id: NodeId, view: ClusterView): PlannedChange {
  const { configuration } = view.raft;
  known(id, view);
  const voters = configuration.voters.filter((voter) => voter !== id);
  if (voters.length < configuration.voters.length) checkQuorum(configuration, voters, view, 'removed');
  const learners = configuration.learners.filter((learner) => learner !== id);
  return step(configuration, voters, learners, { set: [], removed: [id] });
}

function planUpdate(id: NodeId, wanted: Partial<Omit<MemberFacts, 'id'>>, view: ClusterView): PlannedChange {
  const { configuration } = view.raft;
  const facts = { ...known(id, view), ...wanted };
  if (wanted.peer !== undefined) checkPeer(id, wanted.peer, view);
  return step(configuration, configuration.voters, configuration.learners, { set: [facts], removed: [] });
}

function checkPeer(id: NodeId, peer: string, { members }: ClusterView): void {
  const addresses = peer.split(',');
  if (!addresses.every((address) => /^(?:[^:\s/,]+|\[[0-9a-fA-F:.]+\]):\d{1,5}$/.test(address)))
    throw new TanistError('invalid-argument', `"${peer}" is no peer address: it must be host:port`);
  const owner = members
    .list()
    .find((member) => member.id !== id && member.peer.split(',').some((own) => addresses.includes(own)));
  if (owner !== undefined)
    throw new TanistError('address-taken', `${peer} is the peer address of ${owner.id} already`);
}

/** A member as the config describes it. */
export function factsOfConfigured(member: {
  readonly id: NodeId;
  readonly clientAddress: string;
  readonly peerAddress: string;
  readonly httpAddress: string;
  readonly tier: string;
  readonly labels?: Readonly<Record<string, string>>;
}): MemberFacts {
  return {
    id: nodeId(member.id),
    name: member.id,
    peer: member.peerAddress,
    client: member.clientAddress,
    http: member.httpAddress,
    tier: member.tier,
    labels: member.labels ?? {},
  };
}
