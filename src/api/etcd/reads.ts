import { TanistError } from '../../foundation/errors.ts';
import type { ServedNode } from '../../node/served-node.ts';
import type { RangeRequest, TxnCommand } from '../../ports/command.ts';
import type { RangeResult, TxnResult } from '../../ports/result.ts';
import { anyKey } from '../any-key.ts';
import type { Cancellable } from '../streams/unary-streams.ts';
import { systemClock } from '../system-clock.ts';
import type { Deadlines, Timed } from './deadlines.ts';
import { type EtcdError, etcdError, toEtcdError } from './etcd-error.ts';
import type { Answered } from './writes/answered.ts';

type Caller = Pick<Cancellable, 'cancelled'>;
export type ReadDone = (outcome: RangeResult | EtcdError) => void;
/** Null: to be proposed all the same. */
export type TxnReadDone = (outcome: TxnResult | EtcdError | null) => void;

/** Asks the node. */
type Ask<T> = (
  consistency: 'linearizable' | 'serializable',
  told: (outcome: T | TanistError) => void,
  isGone?: () => boolean,
) => void;
type Done<T> = (outcome: T | EtcdError) => void;

export const tryAgainMs = 10;
/** How long a follower's read waits for a revision that it does not have yet. */
const behindMs = 200;
/** How long reads and watches wait for what this member itself has answered. Without a leader they then go on with what is there. */
const catchUpMs = 1000;

/**
 * Linearizable reads on any node, confirmed by the leader; without one they wait, for reading again does no harm. Serializable ones have at least
 * what this member has answered.
 */
export class Reads {
  readonly #node: ServedNode;
  readonly #deadlines: Deadlines;
  readonly #answered: Answered;

  constructor(node: ServedNode, deadlines: Deadlines, answered: Answered) {
    this.#node = node;
    this.#deadlines = deadlines;
    this.#answered = answered;
  }

  /** Of a caller that is gone nothing is read any more; a linearizable read is then answered when its time is over, for whoever counts calls. */
  read(request: RangeRequest, serializable: boolean, done: ReadDone, caller?: Caller): void {
    const ask: Ask<RangeResult> = (consistency, told, isGone) =>
      this.#node.read(request, consistency, told, isGone);
    this.#read(ask, serializable, done, caller);
  }

  /** The same of a transaction that writes nothing. A replica beyond the quorum leaves it to the leader. */
  readTxn(txn: TxnCommand, serializable: boolean, done: TxnReadDone, caller?: Caller): void {
    if (this.#node.tier !== 'hot') {
      done(null);
      return;
    }
    const ask: Ask<TxnResult | null> = (consistency, told, isGone) =>
      this.#node.readTxn(txn, consistency, told, isGone);
    this.#read(ask, serializable, done, caller);
  }

  #read<T>(ask: Ask<T>, serializable: boolean, done: Done<T>, caller?: Caller): void {
    const locally = (): void => this.#readLocally(ask, systemClock.nowMs() + behindMs, done);
    if (serializable && this.#answered.isIn(this.#node.state)) locally();
    else if (serializable) this.caughtUp(locally);
    else if (this.#node.tier !== 'hot') done(etcdError('notSupportedForLearner'));
    else {
      const attempt = new Attempt(ask, done, caller);
      this.#deadlines.add(attempt);
      attempt.start();
    }
  }

  /**
   * `done`: this member has all that was acknowledged before the call; a replica beyond the quorum: all that it has answered itself. Called after
   * `catchUpMs` at the latest, whatever it has by then.
   */
  caughtUp(done: () => void): void {
    if (!this.#mayCatchUp()) {
      done();
      return;
    }
    const untilMs = systemClock.nowMs() + catchUpMs;
    if (this.#node.tier === 'hot') this.#confirm(untilMs, done);
    else this.#wait(untilMs, done);
  }

  #confirm(untilMs: number, done: () => void): void {
    const settle = this.#answered.settling();
    let isOpen = true;
    const finish = (): void => {
      if (isOpen) done();
      isOpen = false;
      clearTimeout(timer);
    };
    const timer = setTimeout(finish, untilMs - systemClock.nowMs());
    const ask = (): void =>
      this.#node.read(
        anyKey,
        'linearizable',
        (outcome) => {
          if (outcome instanceof TanistError && isPassing(outcome) && isOpen) setTimeout(ask, tryAgainMs);
          else {
            if (!(outcome instanceof TanistError)) settle(this.#node.state);
            finish();
          }
        },
        () => !isOpen,
      );
    ask();
  }

  #wait(untilMs: number, done: () => void): void {
    if (this.#answered.isIn(this.#node.state) || systemClock.nowMs() >= untilMs) done();
    else setTimeout(() => this.#wait(untilMs, done), tryAgainMs);
  }

  /**
   * A follower may be a moment behind a revision that its client has heard of from another member. etcd refuses such a read at once, over which
   * etcd3's software transactions give up when their reads go to several members; here it waits a little before it is refused with the same words.
   */
  #readLocally<T>(ask: Ask<T>, untilMs: number, done: Done<T>): void {
    ask('serializable', (outcome) => {
      if (!(outcome instanceof TanistError)) done(outcome);
      else if (outcome.code === 'revision-future' && this.#mayCatchUp() && systemClock.nowMs() < untilMs)
        setTimeout(() => this.#readLocally(ask, untilMs, done), tryAgainMs);
      else done(toEtcdError(outcome));
    });
  }

  /** On the leader a revision that is not there has never been. */
  #mayCatchUp(): boolean {
    const { leader } = this.#node.routing();
    return leader !== this.#node.id;
  }
}

/** What it needs until it is answered goes then: it is among the deadlines for seconds. */
class Attempt<T> implements Timed {
  readonly sinceMs = systemClock.nowMs();
  #ask: Ask<T> | null;
  #caller: Caller | undefined;
  #done: Done<T> | null;

  constructor(ask: Ask<T>, done: Done<T>, caller: Caller | undefined) {
    this.#ask = ask;
    this.#caller = caller;
    this.#done = done;
  }

  get open(): boolean {
    return this.#done !== null;
  }

  start(): void {
    this.#ask?.(
      'linearizable',
      (outcome) => {
        if (!(outcome instanceof TanistError)) this.#finish(outcome);
        else if (isPassing(outcome)) setTimeout(() => !this.#isGone() && this.start(), tryAgainMs);
        else this.#finish(toEtcdError(outcome));
      },
      this.#isGone,
    );
  }

  readonly #isGone = (): boolean => !this.open || this.#caller?.cancelled === true;

  expire(): void {
    this.#finish(etcdError('timeout'));
  }

  #finish(outcome: T | EtcdError): void {
    const done = this.#done;
    this.#ask = null;
    this.#caller = undefined;
    this.#done = null;
    done?.(outcome);
  }
}

function isPassing({ code }: TanistError): boolean {
  return code === 'no-leader' || code === 'not-leader' || code === 'starting';
}
