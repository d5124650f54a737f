import { TanistError } from '../../foundation/errors.ts';
import type { Term } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Raft } from '../../raft/raft.ts';
import type { SoftState } from '../../raft/ready.ts';
import type { HandOver } from '../leading/hand-over.ts';
import type { LeaderMonitor } from '../leading/leader-monitor.ts';
import type { Opening } from '../leading/opening.ts';
import type { TierMover } from '../membership/tier-mover.ts';
import type { Announcer } from '../peers/announcer.ts';
import type { ReadQueue } from '../reads/reads.ts';
import type { Life } from '../refusals.ts';
import type { PredictionProposals } from '../writes/prediction-proposals.ts';
import type { WritePath } from '../writes/write-path.ts';
import type { ClusterClock } from './cluster-clock.ts';

export interface RoleChangeParts {
  readonly raft: Raft;
  readonly clock: Clock;
  readonly life: Life;
  readonly nodeLog: NodeLog;
  readonly clusterClock: ClusterClock;
  readonly opening: Opening;
  readonly writes: WritePath;
  readonly predictions: PredictionProposals;
  readonly reads: ReadQueue;
  readonly mover: TierMover;
  readonly monitor: LeaderMonitor;
  readonly handOver: HandOver;
  readonly announcer: Announcer;
}

/**
 * Leadership is won, and nobody has heard of it. What is proposed now leaves in one append with the term's no-op and is committed with it: a new leader's next append to a
 * peer waits until that one is answered.
 */
export function elected(
  term: Term,
  { raft, clusterClock, opening, writes, predictions }: RoleChangeParts,
): void {
  clusterClock.leads(term);
  predictions.elected(term);
  opening.elected(term, raft.status.last.index);
  writes.elected();
}

/** Role, term or leader are others now: what that means for everyone in the node, in this order. */
export function roleChanged(soft: SoftState, parts: RoleChangeParts): void {
  const { raft, nodeLog, clusterClock, opening, writes, predictions, reads, mover } = parts;
  const { monitor, handOver, announcer, clock } = parts;
  const fields = { term: soft.term, leader: soft.leader };
  if (soft.role === 'leader') {
    if (announcer.routing.leader !== raft.status.id) nodeLog.info('elected', fields);
  } else {
    clusterClock.leads(null);
    if (opening.leads) {
      nodeLog.info('stepped-down', fields);
      writes.steppedDown();
      mover.abandon(
        new TanistError('not-leader', 'leadership was lost meanwhile; the change goes on at the next leader'),
      );
    }
    opening.steppedDown();
    if (soft.role === 'candidate') predictions.campaigns();
    if (soft.role === 'follower' && soft.leader !== null) nodeLog.info('follows', fields);
    else if (soft.role !== 'follower') nodeLog.info('vote-requested', { term: soft.term, phase: soft.role });
  }
  reads.leaderChanged();
  monitor.follow();
  handOver.roleChanged(soft);
  // What peers wait for leaves first: there may be thousands of clients to be told.
  clock.soon(() => tellClients(parts));
}

function tellClients({ raft, life, announcer, writes }: RoleChangeParts): void {
  if (life.isStopped) return;
  const { role, leader } = raft.status;
  announcer.announce();
  // Who waited here for another one to be elected shall know where to turn by the time of the refusal.
  if (role !== 'leader' && leader !== null) writes.follows(leader);
}
