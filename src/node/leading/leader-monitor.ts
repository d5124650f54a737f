import { LeaderWatch, type ProbeOutcome, type WatchAction } from '../../failover/leader-watch.ts';
import type { SuspicionOptions } from '../../failover/options.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { LossReason, Transport } from '../../ports/transport.ts';
import type { RaftMessage } from '../../raft/message.ts';
import type { Raft } from '../../raft/raft.ts';
import { stallMs } from '../loop/ticker.ts';
import type { PeerGuard } from '../peers/peer-guard.ts';

export interface LeaderMonitorOptions {
  readonly self: NodeId;
  readonly raft: Raft;
  readonly clock: Clock;
  readonly transport: Transport<RaftMessage>;
  readonly guard: PeerGuard;
  readonly nodeLog: NodeLog;
  readonly suspicion: SuspicionOptions;
  readonly wake: () => void;
  /** As `wake`, at once. */
  readonly hurry: () => void;
}

/** Carries measurements to the failover layer's watch over the leader, and what it decides to Raft. */
export class LeaderMonitor {
  readonly #options: LeaderMonitorOptions;
  readonly #watch: LeaderWatch;
  #timer: Timer | null = null;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(options: LeaderMonitorOptions) {
    this.#options = options;
    this.#watch = new LeaderWatch(options.self, options.suspicion, options.clock.nowMs());
  }

  /** Ms since the leader was last heard. */
  silentMs(): number {
    return this.#options.clock.nowMs() - this.#watch.suspicion.silentSince();
  }

  /** Who votes may have changed. */
  votersChanged(): void {
    this.#watch.setVoters(this.#options.raft.status.configuration.voters);
  }

  /** What Raft follows may have changed. */
  follow(): void {
    const { raft, guard, clock } = this.#options;
    const { leader, term, configuration } = raft.status;
    this.#watch.setVoters(configuration.voters);
    this.#watch.follow(clock.nowMs(), leader, term, leader === null ? null : guard.identityOf(leader));
    this.#rearm();
  }

  heard(messages: readonly RaftMessage[]): void {
    const { raft, clock, guard } = this.#options;
    const { leader, term } = raft.status;
    for (const message of messages) {
      if (message.term === term && (message.type === 'append' || message.type === 'heartbeat')) {
        const state = this.#watch.state;
        const from = state.kind === 'none' ? leader : state.of.leader;
        if (message.from === from) {
          this.#perform(this.#watch.heard(clock.nowMs()));
          return;
        }
      }
      if (message.from === leader) continue;
      this.#watch.heardOther(clock.nowMs(), message.from, guard.identityOf(message.from));
      if (message.type === 'preVote') this.#perform(this.#watch.questioned());
    }
  }

  disconnected(peer: NodeId, reason: LossReason): void {
    const { raft, clock, wake } = this.#options;
    const { leader, term } = raft.status;
    if (reason === 'dropped' && peer === leader) {
      raft.leaderDropped(leader, term);
      wake();
    }
    this.#perform(this.#watch.disconnected(clock.nowMs(), peer, reason));
    this.#rearm();
  }

  /** Somebody holds the leader for dead: this node looks for itself. */
  questioned(): void {
    this.#perform(this.#watch.questioned());
  }

  /** Something beside silence speaks against the leader; null: no more. */
  doubtLeader(reason: string | null): void {
    this.#watch.doubt(reason);
    this.#rearm();
  }

  /** This node's own event loop stood still for `gapMs`. */
  stalled(gapMs: number): void {
    this.#watch.stalled(this.#options.clock.nowMs(), gapMs);
    this.#rearm();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** One timer at the moment when silence may become suspicion; being heard only moves that moment, so the timer looks again. */
  #rearm(): void {
    const atMs = this.#watch.wakeAtMs();
    if (atMs === Number.POSITIVE_INFINITY || (this.#timer !== null && this.#timerAtMs <= atMs)) return;
    this.#timer?.cancel();
    const { clock } = this.#options;
    this.#timerAtMs = atMs;
    this.#timer = clock.after(Math.max(1, atMs - clock.nowMs()), () => {
      // What waits in the sockets is read before anyone is judged; that, too, may be when this node stands still.
      clock.soon(() => {
        const lateMs = clock.nowMs() - this.#timerAtMs;
        if (lateMs > stallMs) this.#watch.stalled(clock.nowMs(), lateMs);
        this.#timer = null;
        this.#timerAtMs = Number.POSITIVE_INFINITY;
        this.#perform(this.#watch.tick(clock.nowMs()));
        this.#rearm();
      });
    });
  }

  #perform(actions: readonly WatchAction[]): void {
    const { raft, nodeLog, wake, hurry } = this.#options;
    for (const action of actions) {
      switch (action.kind) {
        case 'probe':
          this.#probe(action.to, action.deadlineMs);
          break;
        case 'declareLost':
          nodeLog.info('suspected', { leader: action.leader, term: action.term, evidence: action.evidence });
          raft.leaderLost(action.leader, action.term);
          hurry();
          break;
        case 'declareAlive':
          nodeLog.info('leader-alive', { leader: action.leader, term: action.term });
          raft.leaderAlive(action.leader, action.term);
          wake();
          break;
      }
    }
  }

  #probe(to: NodeId, deadlineMs: number): void {
    const { transport, clock } = this.#options;
    const report = (outcome: ProbeOutcome): void => {
      this.#perform(this.#watch.probed(clock.nowMs(), to, outcome));
      this.#rearm();
    };
    transport.probe(to, deadlineMs).then(report, (error: unknown) => {
      report(error instanceof TanistError && error.code === 'unavailable' ? 'refused' : 'unanswered');
    });
  }
}
