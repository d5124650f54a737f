import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Configuration } from '../../ports/log-store.ts';
import type { MemberChange, MemberFacts } from '../../ports/membership.ts';
import type { RaftStatus } from '../../raft/raft.ts';
import type { Members } from '../../state/members.ts';

export interface ClusterView {
  readonly members: Members;
  readonly raft: RaftStatus;
  /** It was heard of late, and its disk is not in doubt. */
  readonly isAlive: (id: NodeId) => boolean;
  /** Its node runs and is connected, member of the quorum or not. */
  readonly isConnected: (id: NodeId) => boolean;
  /** By what `by` last said of itself, `id` as it runs now counts for it: neither would refuse the other its vote. */
  readonly trusts: (by: NodeId, id: NodeId) => boolean;
  /** What is known to be wrong with it: what it says itself, a quarantine, a doubt, an alarm; null: nothing. */
  readonly trouble: (id: NodeId) => string | null;
}

export interface PlannedChange {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly change: MemberChange;
}

/** How far a learner may be behind, in entries, to be in sync. */
const inSyncEntries = 1000;

/** Fails with `learner-not-ready` unless the learner has all but the last entries, and is alive and trusted. */
export function checkInSync(id: NodeId, { raft, isAlive, trouble }: ClusterView): void {
  const { progress, last } = raft;
  const reached = progress.get(id);
  const inSync = reached?.state === 'replicate' && last.index - reached.match <= inSyncEntries;
  const wrong = trouble(id);
  if ((inSync && isAlive(id) && wrong === null) || mutant.active === 'promote-out-of-sync') return;
  if (wrong !== null)
    throw new TanistError(
      'learner-not-ready',
      `${id} is not whole at present (${wrong}); it is repaired from the others, try again when it is`,
    );
  throw new TanistError(
    'learner-not-ready',
    `${id} is not in sync with the leader yet: it has entry ${reached?.match ?? 0} of ${last.index}; try again later`,
  );
}

export function known(id: NodeId, { members }: ClusterView): MemberFacts {
  const facts = members.get(id);
  if (facts !== undefined) return facts;
  if (members.isRemoved(id)) throw removed(id);
  const ids = members.list().map((member) => member.id);
  throw new TanistError('unknown-member', `${id} is no member of this cluster; there are ${ids.join(', ')}`);
}

export function removed(id: NodeId): TanistError {
  return new TanistError(
    'member-removed',
    `${id} was removed from this cluster, and ids are not used again: choose another`,
  );
}

/**
 * Of the voters that there will be a majority must be alive, or the cluster stands still. A lone voter may always get a second one. A new one counts
 * only if it is `inSync`.
 */
export function checkQuorum(
  { voters: before }: Configuration,
  voters: readonly NodeId[],
  view: ClusterView,
  what: string,
  inSync: NodeId | null = null,
): void {
  const { isAlive } = view;
  checkHeirs(voters, view);
  const alive = voters.filter((id) => (before.includes(id) || id === inSync) && isAlive(id)).length;
  // `step` refuses it.
  if (voters.length === 0) return;
  if (before.length === 1 && voters.length === 2) return;
  if (alive > voters.length / 2) return;
  throw new TanistError(
    'quorum-at-risk',
    `of the ${voters.length} voters that there would be only ${alive} are alive: it is not ${what}, since the cluster would stand still`,
  );
}

/**
 * A leader that takes itself out must leave a majority that elects another without it: alive, and trusted by each other, not by it alone. Who has lost
 * its disk counts for the leader that repaired it; those that have not heard of that yet would doubt it from then on, and nobody were there to repair it
 * again (promise 6). What comes between this check and the leader's going is one fault more, of which the voters bear a minority.
 */
export function checkHeirs(
  voters: readonly NodeId[],
  { raft, isAlive, trusts }: Pick<ClusterView, 'raft' | 'isAlive' | 'trusts'>,
): void {
  if (voters.includes(raft.id) || mutant.active === 'leaves-doubted') return;
  const alive = voters.filter(isAlive);
  const trusted = alive.filter((id) => alive.every((by) => trusts(by, id)));
  if (voters.length === 0 || trusted.length > voters.length / 2) return;
  throw new TanistError(
    'quorum-at-risk',
    `of the ${voters.length} voters that there would be without their leader, ${trusted.length} are alive and trusted by each other: they could elect nobody; try again when all have heard of each other`,
  );
}

export function step(
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
