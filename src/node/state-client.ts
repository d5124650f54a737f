import { TanistError } from '../foundation/errors.ts';
import { type LeaseId, leaseText, type Revision, revision } from '../foundation/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Command } from '../ports/command.ts';
import type { Space } from '../ports/delta.ts';
import type { CommandResult, FailedResult, RangeResult } from '../ports/result.ts';
import type {
  Bytes,
  CallOptions,
  ClientTxn,
  PutOptions,
  RangeAnswer,
  RangeOptions,
  StateClient,
  TxnAnswer,
  WatchBatch,
  WatchOptions,
} from '../ports/state-client.ts';
import {
  type DeleteAnswer,
  deleteAnswer,
  type LeaseAnswer,
  leaseAnswer,
  type PutAnswer,
  putAnswer,
  rangeAnswer,
  txnAnswer,
} from '../protocol/state-client/to-answer.ts';
import {
  consistencyOf,
  deleteCommand,
  grantCommand,
  lease64,
  presentRevision,
  putCommand,
  rangeRequest,
  revisionOf,
  txnCommand,
  watchedRange,
} from '../protocol/state-client/to-command.ts';
import type { TanistNode } from './node.ts';
import { NodeWatch } from './node-watch.ts';
import type { RenewalDone } from './writes/renewal-batcher.ts';

/** What a command came to: never a failed result, that is an error. */
export type Proposed = Exclude<CommandResult, FailedResult> | TanistError;

export interface NodeStateClientPorts {
  readonly node: Pick<TanistNode, 'read' | 'watch'>;
  readonly clock: Clock;
  /** Brings a command to whoever leads, and says once what became of it. */
  readonly propose: (command: Command, done: (outcome: Proposed) => void) => void;
  /** Renews a lease, with those of other callers; says its time-to-live in ms, 0 where there is none. */
  readonly renew: (id: LeaseId, done: RenewalDone) => void;
  /** The node stops: watches end as `stopping`. */
  readonly closing: AbortSignal;
}

const defaultDeadlineMs = 10_000;
const tryAgainMs = 10;

/**
 * The `StateClient` inside a node, any node: commands go to the leader, linearizable reads are confirmed by it, serializable reads and
 * watches are this node's own. Commands belong to no session, so one whose leader is lost on the way fails as indeterminate.
 */
export class NodeStateClient implements StateClient {
  readonly space: Space;
  readonly #ports: NodeStateClientPorts;

  constructor(space: Space, ports: NodeStateClientPorts) {
    this.space = space;
    this.#ports = ports;
  }

  async get(key: Bytes, options?: RangeOptions): Promise<RangeAnswer> {
    const range = rangeRequest(this.space, key, options);
    const serializable = options?.consistency === 'serializable';
    return await this.#wait('read', options, (settle, open) => {
      const attempt = (): void =>
        this.#ports.node.read(
          range,
          consistencyOf(options?.consistency),
          (outcome, ageMs) => {
            if (!(outcome instanceof TanistError)) settle(rangeAnswer(outcome, ageMs));
            else if (serializable || !isPassing(outcome)) settle(outcome);
            else this.#ports.clock.after(tryAgainMs, () => open() && attempt());
          },
          () => !open(),
        );
      attempt();
    });
  }

  async put(key: Bytes, value: Bytes, options?: PutOptions): Promise<PutAnswer> {
    return putAnswer(await this.#propose(putCommand(this.space, key, value, options), options));
  }

  async delete(
    key: Bytes,
    options?: CallOptions & {
      readonly rangeEnd?: Bytes;
      readonly prefix?: boolean;
      readonly previous?: boolean;
    },
  ): Promise<DeleteAnswer> {
    return deleteAnswer(await this.#propose(deleteCommand(this.space, key, options), options));
  }

  async txn(transaction: ClientTxn, options?: CallOptions): Promise<TxnAnswer> {
    return txnAnswer(await this.#propose(txnCommand(this.space, transaction), options));
  }

  async grantLease(ttlMs: number, options?: CallOptions & { readonly id?: LeaseId }): Promise<LeaseAnswer> {
    return leaseAnswer(await this.#propose(grantCommand(ttlMs, options?.id), options));
  }

  async revokeLease(id: LeaseId, options?: CallOptions): Promise<void> {
    await this.#propose({ kind: 'leaseRevoke', id: lease64(id) }, options);
  }

  async keepLeaseAlive(id: LeaseId, options?: CallOptions): Promise<{ readonly ttlMs: number }> {
    const lease = lease64(id);
    const ttlMs = await this.#wait<number>('read', options, (settle) => this.#ports.renew(lease, settle));
    if (ttlMs > 0) return { ttlMs };
    throw new TanistError('lease-not-found', `lease ${leaseText(id)} does not exist or has expired`);
  }

  async *watch(key: Bytes, options?: WatchOptions): AsyncGenerator<WatchBatch, void, undefined> {
    const { node, closing } = this.#ports;
    const { signal } = options ?? {};
    if (signal?.aborted) return;
    const asked = revisionOf('fromRevision', options?.fromRevision);
    const present = asked === 0 ? await this.#present(signal) : null;
    if (signal?.aborted) return;
    const watch = new NodeWatch(node, {
      space: this.space,
      ...watchedRange(key, options),
      fromRevision: present === null ? asked : revision(present + 1),
      previous: options?.previous ?? false,
    });
    const end = (): void => watch.end(null);
    const stop = (): void => watch.end(new TanistError('stopping', 'this node stops; watch on another'));
    signal?.addEventListener('abort', end, { once: true });
    closing.addEventListener('abort', stop, { once: true });
    if (closing.aborted) stop();
    try {
      if (present !== null) yield { revision: present, events: [] };
      for (let batches = await watch.next(); batches !== null; batches = await watch.next()) yield* batches;
    } finally {
      watch.end(null);
      signal?.removeEventListener('abort', end);
      closing.removeEventListener('abort', stop);
    }
  }

  /** Of the whole cluster, not of what this node has applied: waits for a leader as long as it takes. Null: the signal came first. */
  async #present(signal: AbortSignal | undefined): Promise<Revision | null> {
    const options = signal === undefined ? {} : { signal };
    for (;;) {
      try {
        return await this.#wait<Revision>('read', options, (settle, open) =>
          this.#ports.node.read(
            presentRevision(this.space),
            'linearizable',
            (outcome: RangeResult | TanistError) =>
              settle(outcome instanceof TanistError ? outcome : outcome.revision),
            () => !open(),
          ),
        );
      } catch (error) {
        if (signal?.aborted) return null;
        if (!(error instanceof TanistError) || !error.retryable || this.#ports.closing.aborted) throw error;
      }
      await new Promise<void>((resolve) => this.#ports.clock.after(tryAgainMs, resolve));
    }
  }

  #propose(command: Command, options: CallOptions | undefined): Promise<Exclude<Proposed, TanistError>> {
    return this.#wait('write', options, (settle) => this.#ports.propose(command, settle));
  }

  /** `open` says whether anybody still waits. What a write came to cannot be known any more once it has begun. */
  #wait<Answer>(
    what: 'read' | 'write',
    options: CallOptions | undefined,
    begin: (settle: (outcome: Answer | TanistError) => void, open: () => boolean) => void,
  ): Promise<Answer> {
    const { signal, deadlineMs = defaultDeadlineMs } = options ?? {};
    if (signal?.aborted)
      return Promise.reject(new TanistError('cancelled', 'the call was cancelled before it began'));
    if (deadlineMs <= 0)
      return Promise.reject(
        new TanistError('deadline-exceeded', 'the deadline was over before the call began'),
      );
    return new Promise((resolve, reject) => {
      let open = true;
      const indeterminate = what === 'write';
      const settle = (outcome: Answer | TanistError): void => {
        if (!open) return;
        open = false;
        timer.cancel();
        signal?.removeEventListener('abort', abort);
        if (outcome instanceof TanistError) reject(outcome);
        else resolve(outcome);
      };
      const abort = (): void =>
        settle(new TanistError('cancelled', 'the call was cancelled', { indeterminate }));
      const timer = this.#ports.clock.after(deadlineMs, () =>
        settle(new TanistError('deadline-exceeded', `no answer within ${deadlineMs} ms`, { indeterminate })),
      );
      signal?.addEventListener('abort', abort, { once: true });
      begin(settle, () => open);
    });
  }
}

/** Reading again does no harm, and there will be a leader. */
function isPassing({ code }: TanistError): boolean {
  return code === 'no-leader' || code === 'not-leader' || code === 'starting';
}
