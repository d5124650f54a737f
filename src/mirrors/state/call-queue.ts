import { asError, TanistError } from '../../foundation/errors.ts';
import type { Random } from '../../foundation/random.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StateClient } from '../../ports/state-client.ts';
import type { Budgets } from './budgets.ts';
import { type Claim, type ClaimObstacle, takeBack, takeCalls, type WantedCall } from './claim.ts';
import type { ClusterContact } from './cluster-contact.ts';
import type { ProcessLease } from './process-lease.ts';
import { type BudgetOptions, taken } from './token-bucket.ts';

export type CallOutcome =
  | Claim
  | ClaimObstacle
  /** A call of the budget, without a claim. */
  | { readonly kind: 'spent' }
  | { readonly kind: 'over-budget'; readonly waitMs: number }
  /** The deadline passed while others took from the budget. */
  | { readonly kind: 'late' };

export interface CallRequest extends WantedCall {
  readonly source: string;
  /** As of `CallBatch`. */
  readonly isShared: boolean;
  readonly budget: BudgetOptions;
  /** Calls of the budget that are left for others. */
  readonly reserve: number;
  /** By the monotonic clock. */
  readonly deadlineMs: number;
}

export interface CallQueuePorts {
  readonly client: StateClient;
  readonly clock: Clock;
  readonly lease: ProcessLease;
  readonly budgets: Budgets;
  readonly contact: ClusterContact;
  readonly random: Random;
  /** Waits this long for the cluster's answer, in ms. */
  readonly answerMs: number;
}

interface Waiting extends CallRequest {
  readonly resolve: (outcome: CallOutcome) => void;
  readonly reject: (error: Error) => void;
}

/** Their values come with them, in one message. */
const mostAtOnce = 8;
const longestPauseMs = 100;
/** After a claim whose fate is unknown: it may be applied late. */
const takeBackMs = [200, 2000, 20_000] as const;

/**
 * Calls of origins that this process wants, a queue a source: those that wait are claimed together, so that however many there are they do not stand in each
 * other's way at the budget. Between processes the one that came first wins, and the others try again a little later.
 */
export class CallQueue {
  readonly #ports: CallQueuePorts;
  readonly #queues = new Map<string, Waiting[]>();
  #closed = false;

  constructor(ports: CallQueuePorts) {
    this.#ports = ports;
  }

  close(): void {
    this.#closed = true;
  }

  /** Fails like `StateClient.txn`, and like `grantLease`. */
  take(request: CallRequest): Promise<CallOutcome> {
    return new Promise((resolve, reject) => {
      const waiting = { ...request, resolve, reject };
      const queue = this.#queues.get(request.source);
      if (queue !== undefined) {
        queue.push(waiting);
        return;
      }
      const made = [waiting];
      this.#queues.set(request.source, made);
      void this.#work(request.source, made);
    });
  }

  async #work(source: string, queue: Waiting[]): Promise<void> {
    // All that ask in this turn go together.
    await Promise.resolve();
    while (queue.length > 0) {
      const batch = nextBatch(queue);
      try {
        await this.#take(source, batch);
      } catch (error) {
        // Whoever waits behind them would hear the same.
        for (const { reject } of [...batch, ...queue.splice(0)]) reject(asError(error));
      }
    }
    this.#queues.delete(source);
  }

  /** Resolves each of them; fails where the cluster does not answer. */
  async #take(source: string, batch: readonly Waiting[]): Promise<void> {
    const { client, clock, lease, budgets, contact, answerMs, random } = this.#ports;
    const wasGranted = lease.isGranted;
    const id = await within(clock, answerMs, lease.id());
    // One that was there already is no word of the cluster's.
    if (!wasGranted) contact.heard();
    let waiting = batch;
    for (let attempt = 0; ; attempt++) {
      const nowMs = clock.nowMs();
      for (const call of waiting) if (nowMs >= call.deadlineMs) call.resolve({ kind: 'late' });
      waiting = waiting.filter(({ deadlineMs }) => nowMs < deadlineMs);
      const known = budgets.known(source);
      let after = known?.record ?? null;
      const calls: Waiting[] = [];
      for (const call of waiting) {
        const token = taken(after, call.budget, budgets.nowMs(), call.reserve);
        if ('waitMs' in token) call.resolve({ kind: 'over-budget', waitMs: token.waitMs });
        else {
          after = token.after;
          calls.push(call);
        }
      }
      if (after === null || calls.length === 0) return;
      const signed = budgets.signed(after);
      const outcome = await takeCalls(client, {
        source,
        isShared: calls.some((call) => call.isShared),
        lease: id,
        calls,
        known,
        after: signed,
        deadlineMs: answerMs,
      }).catch((error: unknown) => {
        this.#failed(calls, error);
        throw error;
      });
      contact.heard();
      if (outcome.kind === 'taken') {
        budgets.heard(source, signed, outcome.revision, true);
        for (const [i, call] of calls.entries()) call.resolve(outcome.claims[i] ?? { kind: 'spent' });
        return;
      }
      const { obstacles, budget } = outcome;
      budgets.heard(source, budget.record, budget.revision, true);
      waiting = calls.filter((call) => {
        const obstacle = obstacles.get(call);
        if (obstacle !== undefined) call.resolve(obstacle);
        return obstacle === undefined;
      });
      if (attempt > 0 && waiting.length > 0)
        await new Promise<void>((resolve) =>
          clock.after(random.next() * Math.min(longestPauseMs, 2 ** attempt), resolve),
        );
    }
  }

  /** Claims that may have been made, and that nobody looks for, must not hold others up for as long as this process lives. */
  #failed(calls: readonly Waiting[], error: unknown): void {
    const { client, clock, lease } = this.#ports;
    if (!(error instanceof TanistError)) return;
    if (error.code === 'lease-not-found') lease.lost();
    if (!error.indeterminate) return;
    for (const { claim } of calls) {
      if (claim === null) continue;
      for (const delayMs of takeBackMs)
        clock.after(delayMs, () => {
          if (!this.#closed) takeBack(client, claim.id, claim.record).catch(() => undefined);
        });
    }
  }
}

/** The first ones, no two of one resource: the second one waits for what becomes of the first. */
function nextBatch(queue: Waiting[]): Waiting[] {
  const batch: Waiting[] = [];
  const keys = new Set<string>();
  for (let i = 0; i < queue.length && batch.length < mostAtOnce; ) {
    const call = queue[i];
    if (call === undefined || (call.claim !== null && keys.has(call.claim.id.key))) {
      i++;
      continue;
    }
    if (call.claim !== null) keys.add(call.claim.id.key);
    batch.push(call);
    queue.splice(i, 1);
  }
  return batch;
}

function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () =>
      reject(new TanistError('deadline-exceeded', `the cluster did not answer within ${ms} ms`)),
    );
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
}
