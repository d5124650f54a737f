import { TanistError } from '../../foundation/errors.ts';
import type { NodeId, Term } from '../../foundation/ids.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Raft } from '../../raft/raft.ts';
import type { SoftState } from '../../raft/ready.ts';

export interface HandOverOptions {
  readonly raft: Raft;
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  /** What raft has to say leaves now. */
  readonly hurry: () => void;
  /** Clients hear whom to ask next before they are refused. */
  readonly announce: () => void;
  readonly options: { readonly tickMs: number; readonly electionMs: number };
}

interface Waiting {
  readonly done: (outcome: { readonly leader: NodeId; readonly term: Term } | TanistError) => void;
  readonly fromTerm: Term;
  timer: Timer;
}

const leastMs = 1000;

/**
 * Leadership given away on purpose (thesis §3.10): to a named replica, or to the first heir. One that nobody takes is over when raft has given it up, an election
 * timeout later: from then on what is proposed is taken again.
 */
export class HandOver {
  readonly #options: HandOverOptions;
  #waiting: Waiting | null = null;

  constructor(options: HandOverOptions) {
    this.#options = options;
  }

  to(target: NodeId | null): Promise<{ readonly leader: NodeId; readonly term: Term }> {
    const { raft, clock, nodeLog, hurry, announce } = this.#options;
    const { role, term, id, configuration } = raft.status;
    if (role !== 'leader')
      return Promise.reject(new TanistError('not-leader', 'this node does not lead; ask the leader'));
    if (target === id) return Promise.resolve({ leader: id, term });
    if (target !== null && !configuration.voters.includes(target)) {
      const message = `${target} is no voter of this cluster; its voters are ${configuration.voters.join(', ')}`;
      return Promise.reject(new TanistError('unknown-member', message));
    }
    if (this.#waiting !== null)
      return Promise.reject(new TanistError('transfer-failed', 'a hand-over is under way; try again'));
    if (!raft.transfer(target)) {
      return Promise.reject(
        new TanistError('transfer-failed', 'no replica is fit to take over now; try again'),
      );
    }
    hurry();
    announce();
    nodeLog.info('hand-over', { to: target, term });
    return new Promise((resolve, reject) => {
      const { tickMs, electionMs } = this.#options.options;
      const timer = this.#expire(Math.max(leastMs, electionMs) + tickMs, clock.nowMs(), term);
      const done: Waiting['done'] = (outcome) =>
        outcome instanceof TanistError ? reject(outcome) : resolve(outcome);
      this.#waiting = { done, fromTerm: term, timer };
    });
  }

  roleChanged(soft: SoftState): void {
    if (this.#waiting === null || soft.term <= this.#waiting.fromTerm || soft.leader === null) return;
    const { leader, term } = soft;
    const message = `nobody else won the election; this node leads again, in term ${term}; try again`;
    const tookBack = leader === this.#options.raft.status.id;
    this.#settle(tookBack ? new TanistError('transfer-failed', message) : { leader, term });
  }

  #expire(afterMs: number, beganMs: number, fromTerm: Term): Timer {
    const { raft, clock, options } = this.#options;
    return clock.after(afterMs, () => {
      const { term, handsOverTo } = raft.status;
      // Its ticks may be late.
      if (this.#waiting !== null && term === fromTerm && handsOverTo !== null) {
        this.#waiting.timer = this.#expire(options.tickMs, beganMs, fromTerm);
        return;
      }
      const tookMs = Math.round(clock.nowMs() - beganMs);
      this.#settle(
        new TanistError('transfer-failed', `nobody took over within ${tookMs} ms; this node still serves`),
      );
    });
  }

  #settle(outcome: { readonly leader: NodeId; readonly term: Term } | TanistError): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.timer.cancel();
    waiting?.done(outcome);
  }
}
