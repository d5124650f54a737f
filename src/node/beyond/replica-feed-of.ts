import { byteStringOfText, emptyBytes } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { type NodeId, revision } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { HistoryStore } from '../../ports/image-store.ts';
import type { MemberInfo } from '../../ports/membership.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Revisions } from '../../ports/replication.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import type { Standing } from '../integrity/standing.ts';
import { furthest, revisionsOf } from '../leading/leader-revisions.ts';
import { TurnQueue } from '../loop/turn-queue.ts';
import type { PeerGuard } from '../peers/peer-guard.ts';
import type { ReadPath } from '../reads/read-path.ts';
import { hasNoState, type Life, stops } from '../refusals.ts';
import type { ReplicaBook } from './replica-book.ts';
import type { FeedListeners, ReplicaFeed } from './replica-feed.ts';

export interface FeedParts {
  readonly self: NodeId;
  readonly clusterId: string;
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly state: StateMachine;
  readonly history: HistoryStore;
  readonly life: Life;
  readonly standing: Standing;
  readonly guard: PeerGuard;
  readonly followers: FeedListeners;
  readonly replicas: ReplicaBook;
  readonly members: () => readonly MemberInfo[];
  readonly read: ReadPath['read'];
  /** What a leader last said that it had applied; null: nothing. */
  readonly saidByLeader: () => Revisions | null;
}

/** What a hot node gives to replicas beyond the quorum, and when it gives nothing. */
export function replicaFeedOf(parts: FeedParts): ReplicaFeed {
  const {
    self,
    clusterId,
    clock,
    nodeLog,
    state,
    history,
    followers,
    replicas,
    members,
    saidByLeader,
    read,
  } = parts;
  const turns = new TurnQueue(clock, () => parts.standing.isReady());
  return {
    id: self,
    clock,
    nodeLog,
    state,
    history,
    listen: (listener) => followers.add(listener),
    lineage: () => ({ clusterId, epoch: state.epoch }),
    refusal: () => refusalOf(parts),
    members,
    leaderRevisions: () => furthest(revisionsOf(state), saidByLeader()),
    nextTurn: () => turns.next(),
    hasAllCommitted: () =>
      new Promise((resolve) => {
        read(anyRead, 'linearizable', (outcome) => resolve(!(outcome instanceof TanistError)));
      }),
    refusalOfStart: (replica, start) => replicas.refusalOf(replica, start),
    reported: (report) => replicas.reported(report),
  };
}

/** Only that it is answered counts. */
const anyRead: RangeRequest = {
  kind: 'range',
  space: 'user',
  key: byteStringOfText('\0'),
  rangeEnd: emptyBytes,
  limit: 1,
  revision: revision(0),
  order: 'none',
  target: 'key',
  keysOnly: true,
  countOnly: true,
  minModRevision: revision(0),
  maxModRevision: revision(0),
  minCreateRevision: revision(0),
  maxCreateRevision: revision(0),
};

function refusalOf({ self, state, life, standing, guard }: FeedParts): TanistError | null {
  if (life.isStopping) return stops();
  const problem = standing.notServing();
  if (problem !== null) return problem;
  if (guard.doubted.has(self))
    return new TanistError('under-doubt', 'this node is not trusted at present; ask another');
  return state.applied.index === 0 ? hasNoState() : null;
}
