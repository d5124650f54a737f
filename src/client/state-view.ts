import type { Metadata } from '@grpc/grpc-js';
import type { LeaseId } from '../foundation/ids.ts';
import { type NearOptions, nearOf } from '../nearest/near-options.ts';
import { NearView } from '../nearest/near-view.ts';
import { type Space, spaces } from '../ports/delta.ts';
import type {
  Bytes,
  CallOptions,
  ClientTxn,
  PredictedAnswer,
  PredictedOptions,
  PutOptions,
  RangeAnswer,
  RangeOptions,
  ReplicaReads,
  ReplicaTier,
  StateClient,
  TxnAnswer,
  WatchBatch,
  WatchOptions,
} from '../ports/state-client.ts';
import { systemClock } from '../ports/system-clock.ts';
import {
  type DeleteAnswer,
  deleteAnswer,
  type LeaseAnswer,
  leaseAnswer,
  noAnswer,
  type PutAnswer,
  predictedAnswer,
  putAnswer,
  rangeAnswer,
  txnAnswer,
} from '../protocol/state-client/to-answer.ts';
import {
  confidenceOf,
  consistencyOf,
  deleteCommand,
  grantCommand,
  lease64,
  oneOf,
  putCommand,
  rangeRequest,
  revisionOf,
  txnCommand,
  watchedRange,
} from '../protocol/state-client/to-command.ts';
import type { Routing } from '../protocol/status/routing.ts';
import { ReplicaReader } from './grpc/replica-reader.ts';
import type { SessionRunner } from './grpc/session-runner.ts';
import { Subscription } from './grpc/subscription.ts';
import type { WatchRunner } from './grpc/watch-runner.ts';
import type { LeaseKeeper } from './lease-keeper.ts';

/** What a put under the policy `acknowledge: leader` answers (promise 4). */
export interface EarlyPut {
  /** True: only the leader has it, in memory; `committed` tells how it ends. False: it is committed already. */
  readonly early: boolean;
  /** Resolves when the put is durable. A rejection that nobody looks at is no error of the process: the event `lost` tells it too. */
  readonly committed: Promise<PutAnswer>;
}

/** What the views of a client share. */
export interface Machinery {
  readonly session: SessionRunner;
  readonly watches: WatchRunner;
  readonly leases: LeaseKeeper;
  readonly defaultDeadlineMs: number;
  routing(): Routing | null;
  /** What calls say of the lineage that is followed. */
  followed(): Metadata;
}

/** One space of the cluster's state. */
export class StateView implements StateClient {
  readonly space: Space;
  protected readonly machinery: Machinery;

  constructor(space: Space, machinery: Machinery) {
    this.space = oneOf('space', spaces, space);
    this.machinery = machinery;
  }

  /** With consistency `predicted` also what models expect of the keys: see `PredictedOptions`. */
  get(key: Bytes, options: PredictedOptions): Promise<PredictedAnswer>;
  get(key: Bytes, options?: RangeOptions): Promise<RangeAnswer>;
  get(key: Bytes, options?: RangeOptions | PredictedOptions): Promise<RangeAnswer> {
    const { session } = this.machinery;
    try {
      const range = rangeRequest(this.space, key, options);
      if (options?.consistency !== 'predicted')
        return session.read(range, { kind: consistencyOf(options?.consistency) }, options, rangeAnswer);
      const minConfidence = confidenceOf(options.minConfidence);
      return session.read(range, { kind: 'predicted', minConfidence }, options, predictedAnswer);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  put(key: Bytes, value: Bytes, options?: PutOptions): Promise<PutAnswer> {
    // Not async, here and below: it would cost a put as much again. Mistakes in the arguments reject all the same.
    try {
      return this.machinery.session.submit(putCommand(this.space, key, value, options), options, putAnswer);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Resolves as soon as the leader has the put in memory, where the key's policy is `acknowledge: leader`; elsewhere when it is
   * committed. It is sent again after a failover like every put, so it is lost only if the session ends before its commit.
   */
  putEarly(key: Bytes, value: Bytes, options?: Omit<PutOptions, 'previous'>): Promise<EarlyPut> {
    return new Promise((resolve, reject) => {
      const command = putCommand(this.space, key, value, options);
      const onEarly = (): void => resolve({ early: true, committed });
      const committed = this.machinery.session.submitEarly(command, options, putAnswer, onEarly);
      committed.then(() => resolve({ early: false, committed }), reject);
    });
  }

  delete(
    key: Bytes,
    options?: CallOptions & {
      readonly rangeEnd?: Bytes;
      readonly prefix?: boolean;
      readonly previous?: boolean;
    },
  ): Promise<DeleteAnswer> {
    try {
      return this.machinery.session.submit(deleteCommand(this.space, key, options), options, deleteAnswer);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  txn(transaction: ClientTxn, options?: CallOptions): Promise<TxnAnswer> {
    try {
      return this.machinery.session.submit(txnCommand(this.space, transaction), options, txnAnswer);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async grantLease(ttlMs: number, options?: CallOptions & { readonly id?: LeaseId }): Promise<LeaseAnswer> {
    return await this.machinery.session.submit(grantCommand(ttlMs, options?.id), options, leaseAnswer);
  }

  async revokeLease(id: LeaseId, options?: CallOptions): Promise<void> {
    await this.machinery.session.submit({ kind: 'leaseRevoke', id: lease64(id) }, options, noAnswer);
  }

  async keepLeaseAlive(id: LeaseId, options?: CallOptions): Promise<{ readonly ttlMs: number }> {
    return { ttlMs: await this.machinery.leases.keepAlive(lease64(id), options) };
  }

  async replicas(
    endpoints?: readonly string[],
    tiers: readonly ReplicaTier[] = ['warm'],
  ): Promise<readonly ReplicaReads[]> {
    const { machinery } = this;
    const members = machinery.routing()?.members ?? [];
    const known = members.flatMap(({ tier, clientAddress }) =>
      clientAddress !== '' && tiers.some((each) => each === tier) ? [clientAddress] : [],
    );
    return (endpoints ?? known).map((endpoint) => {
      const labels = members.find(({ clientAddress }) => clientAddress === endpoint)?.labels ?? {};
      const deadlineMs = machinery.defaultDeadlineMs;
      return new ReplicaReader(endpoint, labels, this.space, () => machinery.followed(), deadlineMs);
    });
  }

  /**
   * Reads and follows this space at the nearest replica that can answer: hot and warm ones of the own `zone` first, then of the own `region`, then the others, each by
   * round trip. One that is gone is left for the next at once, and gone back to when it is there again.
   */
  near(options: NearOptions = {}): NearView {
    return new NearView(this, nearOf(options, ['hot', 'warm']), systemClock);
  }

  /** The first batch is a bookmark: the watch is set up, and nothing after its revision will be missed. */
  async *watch(key: Bytes, options?: WatchOptions): AsyncGenerator<WatchBatch, void, undefined> {
    const { watches } = this.machinery;
    const { signal } = options ?? {};
    if (signal?.aborted) return;
    const watched = {
      space: this.space,
      ...watchedRange(key, options),
      previous: options?.previous ?? false,
    };
    const subscription = new Subscription(watched, revisionOf('fromRevision', options?.fromRevision));
    const end = (): void => subscription.end();
    signal?.addEventListener('abort', end, { once: true });
    watches.add(subscription);
    try {
      for (let batches = await subscription.next(); batches !== null; batches = await subscription.next()) {
        yield* batches;
      }
    } finally {
      signal?.removeEventListener('abort', end);
      watches.remove(subscription);
    }
  }
}
