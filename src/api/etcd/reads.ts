import { TanistError } from '../../foundation/errors.ts';
import type { ServedNode } from '../../node/served-node.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { RangeResult } from '../../ports/result.ts';
import { systemClock } from '../system-clock.ts';
import type { Deadlines, Timed } from './deadlines.ts';
import { type EtcdError, etcdError, toEtcdError } from './etcd-error.ts';
import type { Cancellable } from './handlers.ts';

type Caller = Pick<Cancellable, 'cancelled'>;
export type ReadDone = (outcome: RangeResult | EtcdError) => void;

export const tryAgainMs = 10;
/** How long a follower's read waits for a revision that it does not have yet. */
const behindMs = 200;

/** Linearizable reads on any node, confirmed by the leader; without one they wait, for reading again does no harm. */
export class Reads {
  readonly #node: ServedNode;
  readonly #deadlines: Deadlines;

  constructor(node: ServedNode, deadlines: Deadlines) {
    this.#node = node;
    this.#deadlines = deadlines;
  }

  /** Of a caller that is gone nothing is read any more; a linearizable read is then answered when its time is over, for whoever counts calls. */
  read(request: RangeRequest, serializable: boolean, done: ReadDone, caller?: Caller): void {
    if (serializable) this.#readLocally(request, systemClock.nowMs() + behindMs, done);
    else if (this.#node.tier !== 'hot') done(etcdError('notSupportedForLearner'));
    else {
      const attempt = new Attempt(this.#node, request, done, caller);
      this.#deadlines.add(attempt);
      attempt.start();
    }
  }

  /**
   * A follower may be a moment behind a revision that its client has heard of from another member. etcd refuses such a read at once, over which
   * etcd3's software transactions give up when their reads go to several members; here it waits a little before it is refused with the same words.
   */
  #readLocally(request: RangeRequest, untilMs: number, done: ReadDone): void {
    this.#node.read(request, 'serializable', (outcome) => {
      if (!(outcome instanceof TanistError)) done(outcome);
      else if (outcome.code === 'revision-future' && this.#mayCatchUp() && systemClock.nowMs() < untilMs)
        setTimeout(() => this.#readLocally(request, untilMs, done), tryAgainMs);
      else done(toEtcdError(outcome));
    });
  }

  /** On the leader a revision that is not there has never been. */
  #mayCatchUp(): boolean {
    const { leader } = this.#node.routing();
    return leader !== this.#node.id;
  }
}

class Attempt implements Timed {
  readonly sinceMs = systemClock.nowMs();
  readonly #node: ServedNode;
  readonly #request: RangeRequest;
  readonly #caller: Caller | undefined;
  #done: ReadDone | null;

  constructor(node: ServedNode, request: RangeRequest, done: ReadDone, caller: Caller | undefined) {
    this.#caller = caller;
    this.#node = node;
    this.#request = request;
    this.#done = done;
  }

  get open(): boolean {
    return this.#done !== null;
  }

  start(): void {
    this.#node.read(
      this.#request,
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

  #finish(outcome: RangeResult | EtcdError): void {
    const done = this.#done;
    this.#done = null;
    done?.(outcome);
  }
}

function isPassing({ code }: TanistError): boolean {
  return code === 'no-leader' || code === 'not-leader' || code === 'starting';
}
