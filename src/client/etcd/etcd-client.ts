import { byteString } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { type LeaseId, leaseId, leaseText, type Revision, revision } from '../../foundation/ids.ts';
import type { Space } from '../../ports/delta.ts';
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
} from '../../ports/state-client.ts';
import { kvMethods, leaseMethods } from '../../protocol/etcd/methods.ts';
import type { DeleteAnswer, LeaseAnswer, PutAnswer } from '../../protocol/state-client/to-answer.ts';
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
} from '../../protocol/state-client/to-command.ts';
import type { Caller } from './caller.ts';
import { EtcdWatch } from './etcd-watch.ts';
import { deleteAnswer, putAnswer, rangeAnswer, revisionIn, txnAnswer } from './from-response.ts';
import { KeySpace } from './key-space.ts';
import { readRange } from './range-pages.ts';
import { etcdDelete, etcdPut, etcdRange, etcdTxn } from './to-request.ts';

/** The spaces that a program can have on etcd. */
export type EtcdSpace = Extract<Space, 'user' | 'planes'>;

export interface EtcdSpaces {
  /** What the keys of each space begin with in etcd. */
  readonly prefixes: Readonly<Record<EtcdSpace, string>>;
  /** Keys in one message of a range. */
  readonly pageKeys: number;
}

/**
 * The `StateClient` of an etcd cluster, or of Tanist's etcd API; made by `connectEtcd`.
 *
 * etcd has no sessions, so a write is sent once: when its endpoint is lost before the answer, it fails with `indeterminate` set. All other
 * calls move to the next endpoint until their deadline. Times-to-live are whole seconds, rounded up.
 */
export class EtcdClient implements StateClient, AsyncDisposable {
  readonly space: EtcdSpace;
  readonly #caller: Caller;
  readonly #spaces: EtcdSpaces;
  readonly #keys: KeySpace;
  readonly #closing: AbortController;

  constructor(space: EtcdSpace, caller: Caller, spaces: EtcdSpaces, closing: AbortController) {
    this.space = space;
    this.#caller = caller;
    this.#spaces = spaces;
    this.#keys = new KeySpace(byteString(Buffer.from(spaces.prefixes[space])));
    this.#closing = closing;
  }

  /** Another key space over the same connections. */
  inSpace(space: EtcdSpace): EtcdClient {
    return new EtcdClient(space, this.#caller, this.#spaces, this.#closing);
  }

  async get(key: Bytes, options?: RangeOptions): Promise<RangeAnswer> {
    const serializable = consistencyOf(options?.consistency) === 'serializable';
    const request = { ...etcdRange(this.#keys, rangeRequest(this.space, key, options)), serializable };
    const kind = serializable ? 'local' : 'read';
    const response = await readRange(this.#caller, request, kind, options, this.#spaces.pageKeys);
    return rangeAnswer(this.#keys, response, serializable ? Number.POSITIVE_INFINITY : 0);
  }

  async put(key: Bytes, value: Bytes, options?: PutOptions): Promise<PutAnswer> {
    const request = etcdPut(this.#keys, putCommand(this.space, key, value, options));
    return putAnswer(this.#keys, await this.#caller.call(kvMethods.put, request, 'write', options));
  }

  async delete(
    key: Bytes,
    options?: CallOptions & {
      readonly rangeEnd?: Bytes;
      readonly prefix?: boolean;
      readonly previous?: boolean;
    },
  ): Promise<DeleteAnswer> {
    const request = etcdDelete(this.#keys, deleteCommand(this.space, key, options));
    return deleteAnswer(
      this.#keys,
      await this.#caller.call(kvMethods.deleteRange, request, 'write', options),
    );
  }

  async txn(transaction: ClientTxn, options?: CallOptions): Promise<TxnAnswer> {
    const request = etcdTxn(this.#keys, txnCommand(this.space, transaction));
    return txnAnswer(this.#keys, await this.#caller.call(kvMethods.txn, request, 'write', options));
  }

  async grantLease(ttlMs: number, options?: CallOptions & { readonly id?: LeaseId }): Promise<LeaseAnswer> {
    const command = grantCommand(ttlMs, options?.id);
    const request = { ID: command.id, TTL: Math.ceil(command.ttlMs / 1000) };
    const { ID, TTL } = await this.#caller.call(leaseMethods.leaseGrant, request, 'write', options);
    return { id: leaseId(ID), ttlMs: TTL * 1000 };
  }

  async revokeLease(id: LeaseId, options?: CallOptions): Promise<void> {
    await this.#caller.call(leaseMethods.leaseRevoke, { ID: lease64(id) }, 'write', options);
  }

  async keepLeaseAlive(id: LeaseId, options?: CallOptions): Promise<{ readonly ttlMs: number }> {
    const request = { ID: lease64(id) };
    const { TTL } = await this.#caller.call(leaseMethods.leaseKeepAlive, request, 'read', options);
    if (TTL > 0) return { ttlMs: TTL * 1000 };
    throw new TanistError('lease-not-found', `lease ${leaseText(id)} does not exist or has expired`);
  }

  /** The first batch of a watch from the present on is a bookmark: it is set up, and nothing after its revision will be missed. */
  async *watch(key: Bytes, options?: WatchOptions): AsyncGenerator<WatchBatch, void, undefined> {
    const { signal: own } = options ?? {};
    if (own?.aborted) return;
    const asked = revisionOf('fromRevision', options?.fromRevision);
    const { key: first, rangeEnd } = watchedRange(key, options);
    const watched = {
      key: this.#keys.key(first),
      rangeEnd: this.#keys.rangeEnd(rangeEnd),
      previous: options?.previous ?? false,
    };
    const closing = this.#closing.signal;
    const signal = own === undefined ? closing : AbortSignal.any([own, closing]);
    const present = asked === 0 ? await this.#present(signal) : null;
    if (present === null && asked === 0) return this.#ended(own);
    const from = present === null ? asked : revision(present + 1);
    const started = present === null ? null : { revision: present, events: [] };
    yield* new EtcdWatch(this.#caller.endpoints, this.#keys, watched, from, signal).batches(started);
    this.#ended(own);
  }

  /** Watches end, and what is not answered yet fails as `closed`. */
  close(): Promise<void> {
    this.#closing.abort();
    this.#caller.endpoints.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #ended(own: AbortSignal | undefined): void {
    if (!own?.aborted && this.#closing.signal.aborted)
      throw new TanistError('closed', 'the client was closed');
  }

  /** Of the whole cluster: a member that lags would show what was written before. Null: the signal came first. */
  async #present(signal: AbortSignal): Promise<Revision | null> {
    const request = etcdRange(this.#keys, presentRevision(this.space));
    for (;;) {
      try {
        return revisionIn((await this.#caller.call(kvMethods.range, request, 'read', { signal })).header);
      } catch (error) {
        if (signal.aborted) return null;
        if (!(error instanceof TanistError) || !error.retryable) throw error;
      }
    }
  }
}
