import { TanistError } from '../../foundation/errors.ts';
import { type NodeId, nodeId, nodeIdPattern } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Configuration } from '../../ports/log-store.ts';
import type { MemberChange, MemberFacts, MemberRequest } from '../../ports/membership.ts';
import { isMember } from '../../raft/configuration.ts';
import type { RaftStatus } from '../../raft/raft.ts';
import type { Members } from '../../state/members.ts';

export interface ClusterView {
  readonly members: Members;
  readonly raft: RaftStatus;
  /** It was heard of late, and its disk is not in doubt. */
  readonly isAlive: (id: NodeId) => boolean;
}

export interface PlannedChange {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly change: MemberChange;
}

/** How far a learner may be behind, in entries, to be in sync. */
const inSyncEntries = 1000;

/**
 * The one step that a wish takes, of at most one voter more or less. Errors: `member-exists`, `member-removed`, `address-taken`, `unknown-member`,
 * `not-a-learner`, `learner-not-ready`, `quorum-at-risk`, `invalid-argument`.
 */
export function planChange(request: MemberRequest, view: ClusterView): PlannedChange {
  switch (request.kind) {
    case 'add':
      return planAdd(request.facts, request.voter, view);
    case 'promote':
      return planPromote(request.id, view);
    case 'remove':
      return planRemove(request.id, view);
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
  if (voter) checkQuorum(configuration, [...configuration.voters, id], view, 'added');
  return step(
    configuration,
    voter ? [...configuration.voters, id] : configuration.voters,
    voter ? configuration.learners : [...configuration.learners, id],
    { set: [facts], removed: [] },
  );
}

function planPromote(id: NodeId, view: ClusterView): PlannedChange {
  const { configuration, progress, last } = view.raft;
  known(id, view);
  if (!configuration.learners.includes(id))
    throw new TanistError('not-a-learner', `${id} is no learner: there is nothing to promote`);
  const reached = progress.get(id);
  const inSync = reached?.state === 'replicate' && last.index - reached.match <= inSyncEntries;
  if ((!inSync || !view.isAlive(id)) && mutant.active !== 'promote-out-of-sync')
    throw new TanistError(
      'learner-not-ready',
      `${id} is not in sync with the leader yet: it has entry ${reached?.match ?? 0} of ${last.index}; try again later`,
    );
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

function known(id: NodeId, { members }: ClusterView): MemberFacts {
  const facts = members.get(id);
  if (facts !== undefined) return facts;
  if (members.isRemoved(id)) throw removed(id);
  const ids = members.list().map((member) => member.id);
  throw new TanistError('unknown-member', `${id} is no member of this cluster; there are ${ids.join(', ')}`);
}

function removed(id: NodeId): TanistError {
  return new TanistError(
    'member-removed',
    `${id} was removed from this cluster, and ids are not used again: choose another`,
  );
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

/** Of the voters that there will be a majority must be alive, or the cluster stands still. A lone voter may always get a second one. */
function checkQuorum(
  { voters: before }: Configuration,
  voters: readonly NodeId[],
  { isAlive }: ClusterView,
  what: string,
): void {
  const alive = voters.filter((id) => before.includes(id) && isAlive(id)).length;
  if (before.length === 1 && voters.length === 2) return;
  if (alive > voters.length / 2) return;
  throw new TanistError(
    'quorum-at-risk',
    `of the ${voters.length} voters that there would be only ${alive} are alive: it is not ${what}, since the cluster would stand still`,
  );
}

function step(
  { outgoing }: Configuration,
  voters: readonly NodeId[],
  learners: readonly NodeId[],
  change: MemberChange,
): PlannedChange {
  if (outgoing.length > 0)
    throw new TanistError('configuration-change-pending', 'another change is under way; try again');
  if (voters.length === 0)
    throw new TanistError('quorum-at-risk', 'the last voter stays: without it there is no cluster');
  return { voters, learners, change };
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
