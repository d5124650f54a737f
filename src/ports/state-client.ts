import type { LeaseId, Revision } from '../foundation/ids.ts';
import type { Space } from './delta.ts';
import type { PredictionOrigin, WhyAbsent } from './prediction.ts';

/** Keys and values at the edge: text is UTF-8. */
export type Bytes = string | Uint8Array;

export interface CallOptions {
  /** Gives up waiting, as `cancelled`; with `indeterminate` set where a write may have been applied. Before the call: nothing is sent. */
  readonly signal?: AbortSignal;
  /** Overrides the client's default (10,000). Then `deadline-exceeded`, likewise. 0: nothing is sent; at most 2³¹ - 1. */
  readonly deadlineMs?: number;
}

export interface ClientKeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  readonly version: number;
  readonly lease: LeaseId;
}

export interface RangeOptions extends CallOptions {
  /** First key beyond the range; or `prefix`. */
  readonly rangeEnd?: Bytes;
  readonly prefix?: boolean;
  readonly limit?: number;
  readonly revision?: Revision;
  readonly order?: 'ascend' | 'descend';
  readonly sortBy?: 'key' | 'version' | 'create' | 'mod' | 'value';
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly minModRevision?: Revision;
  readonly maxModRevision?: Revision;
  readonly minCreateRevision?: Revision;
  readonly maxCreateRevision?: Revision;
  /** Default `linearizable`. `serializable`: any replica's own state, with its age; it may be older than what this client has seen. */
  readonly consistency?: 'linearizable' | 'serializable';
}

/**
 * A read of what is true and, beside it, of what models expect (promise 5). It is served as `serializable` reads are; on Tanist alone, and not inside
 * transactions.
 */
export interface PredictedOptions
  extends Omit<RangeOptions, 'consistency' | 'revision' | 'keysOnly' | 'countOnly'> {
  readonly consistency: 'predicted';
  /** 0 to 1; predictions of less are left out. Default: 0, all. */
  readonly minConfidence?: number;
}

/** A number of a predicted value, with its interval. */
export interface ClientPredictedField {
  /** JSON pointer (RFC 6901); empty: the value itself. */
  readonly pointer: string;
  readonly mean: number;
  readonly lower: number;
  readonly upper: number;
}

/** What a model expects of a key. Never the truth; that is `last`, as far as it is known. */
export interface ClientPrediction {
  readonly key: Uint8Array;
  /** The whole value: the last true one with its numbers replaced by the means. */
  readonly value: Uint8Array;
  /** 0 to 1. */
  readonly confidence: number;
  /** Probability that the key changes until the end of the step that `forMs` is of, as was known when it was made. Null: too few changes are known. */
  readonly changeProbability: number | null;
  /** Probability that a true number lies within its interval, 0 to 1. */
  readonly level: number;
  readonly fields: readonly ClientPredictedField[];
  readonly model: string;
  /** `applied`: at a failover, alike on all replicas; `ready`: what the replica that answers holds ready for one. */
  readonly source: PredictionOrigin;
  /** Since it was made, in ms of cluster time. */
  readonly ageMs: number;
  /** The moment that it is about, and the last one that it counts for, in cluster time. */
  readonly forMs: number;
  readonly validUntilMs: number;
  /** The last true value, which it was made from. */
  readonly last: ClientKeyValue;
}

export interface PredictedAnswer extends RangeAnswer {
  /** Of those keys of `values` that something is predicted of, in the same order. */
  readonly predictions: readonly ClientPrediction[];
  /** Of the other keys why there is none. */
  readonly absent: readonly ClientAbsentPrediction[];
}

export interface ClientAbsentPrediction {
  readonly key: Uint8Array;
  readonly why: WhyAbsent;
  /** Of what is not sure enough, 0 to 1; null otherwise. */
  readonly confidence: number | null;
}

export interface RangeAnswer {
  readonly revision: Revision;
  readonly values: readonly ClientKeyValue[];
  readonly count: number;
  readonly more: boolean;
  /** Of a serializable read: ms since the replica last heard a leader, `Infinity` from etcd, which does not say. 0 for a linearizable one. */
  readonly ageMs: number;
}

export interface PutOptions extends CallOptions {
  readonly lease?: LeaseId;
  readonly previous?: boolean;
}

export interface WatchOptions {
  readonly rangeEnd?: Bytes;
  readonly prefix?: boolean;
  /** First revision wanted; default: after the present one. */
  readonly fromRevision?: Revision;
  readonly previous?: boolean;
  readonly signal?: AbortSignal;
}

export interface WatchEvent {
  readonly type: 'put' | 'delete';
  readonly keyValue: ClientKeyValue;
  readonly previous?: ClientKeyValue;
}

/**
 * Events of whole revisions: all events of a revision are in one batch. Nothing up to `revision` is missing; it is the last event's own on
 * etcd and may be later on Tanist. Empty `events`: a bookmark.
 */
export interface WatchBatch {
  readonly revision: Revision;
  readonly events: readonly WatchEvent[];
}

export type ClientCompare = {
  readonly key: Bytes;
  readonly rangeEnd?: Bytes;
  readonly is: '=' | '!=' | '>' | '<';
} & (
  | { readonly version: number }
  | { readonly createRevision: number }
  | { readonly modRevision: number }
  | { readonly value: Bytes }
  | { readonly lease: LeaseId }
);

export type ClientOperation =
  | { readonly put: Bytes; readonly value: Bytes; readonly lease?: LeaseId; readonly previous?: boolean }
  | {
      readonly delete: Bytes;
      readonly rangeEnd?: Bytes;
      readonly prefix?: boolean;
      readonly previous?: boolean;
    }
  | { readonly get: Bytes; readonly options?: Omit<RangeOptions, keyof CallOptions | 'consistency'> }
  | { readonly txn: ClientTxn };

export interface ClientTxn {
  readonly if: readonly ClientCompare[];
  readonly then: readonly ClientOperation[];
  readonly else?: readonly ClientOperation[];
}

export type ClientOperationAnswer =
  | { readonly kind: 'put'; readonly previous: ClientKeyValue | null }
  | { readonly kind: 'delete'; readonly deleted: number; readonly previous: readonly ClientKeyValue[] }
  | ({ readonly kind: 'get' } & Omit<RangeAnswer, 'ageMs'>)
  | ({ readonly kind: 'txn' } & TxnAnswer);

export interface TxnAnswer {
  /** Of a nested transaction that of the whole one. */
  readonly revision: Revision;
  readonly succeeded: boolean;
  readonly answers: readonly ClientOperationAnswer[];
}

/**
 * How the planes, and any program, reach the state: inside a node, over gRPC to a Tanist cluster, or to a real etcd. All three
 * pass the same conformance suite (`test/ports/`) and give the same answers. Failures are `TanistError`, with the same codes.
 *
 * Where they differ by nature:
 * - Spaces. On etcd there are `user`, its keys as they are, and `planes`, keys with a prefix: they share one counter of revisions, and a
 *   compaction. Tanist has all four, each with its own.
 * - Unknown outcomes. Over gRPC to Tanist a command belongs to a session and is sent again until it is answered. Inside a node and on etcd it is
 *   sent once: a leader or endpoint lost on the way leaves it `indeterminate`. All clients set `indeterminate` only where it may have been applied.
 * - Times-to-live. Tanist counts ms, etcd whole seconds, rounded up; either grants its least one for less. What was granted is in the answer.
 * - Limits. Tanist refuses keys above 16 KiB (`key-too-large`); etcd knows no such limit, only that of a request (`value-too-large`).
 * - Duplicates. A transaction that puts a key twice, or puts and deletes it in one branch, fails as `duplicate-key`; a deletion without an end
 *   (`'\0'`) goes unnoticed, as in etcd, but not in etcd's `planes`, where every range has an end.
 * - Order of errors. Of a call that is wrong in several ways any one of them may be told.
 */
export interface StateClient {
  readonly space: Space;
  get(key: Bytes, options?: RangeOptions): Promise<RangeAnswer>;
  put(
    key: Bytes,
    value: Bytes,
    options?: PutOptions,
  ): Promise<{ readonly revision: Revision; readonly previous: ClientKeyValue | null }>;
  delete(
    key: Bytes,
    options?: CallOptions & {
      readonly rangeEnd?: Bytes;
      readonly prefix?: boolean;
      readonly previous?: boolean;
    },
  ): Promise<{
    readonly revision: Revision;
    readonly deleted: number;
    readonly previous: readonly ClientKeyValue[];
  }>;
  txn(transaction: ClientTxn, options?: CallOptions): Promise<TxnAnswer>;
  grantLease(
    ttlMs: number,
    options?: CallOptions & { readonly id?: LeaseId },
  ): Promise<{ readonly id: LeaseId; readonly ttlMs: number }>;
  revokeLease(id: LeaseId, options?: CallOptions): Promise<void>;
  /** Renews once; the time-to-live, or a `lease-not-found` error. Never indeterminate: it may be repeated. */
  keepLeaseAlive(id: LeaseId, options?: CallOptions): Promise<{ readonly ttlMs: number }>;
  /**
   * Without `fromRevision` the first batch is a bookmark: the watch is set up, and everything after that revision will come. Ends when the
   * signal aborts; fails with `revision-compacted` when `fromRevision` is gone, as far as the replica knows that serves it. Resumes by itself
   * over failovers, without a gap or a double; inside a node it lasts as long as the node does, then fails as `stopping`.
   */
  watch(key: Bytes, options?: WatchOptions): AsyncIterable<WatchBatch>;
  /**
   * Single replicas, where the client reaches them (Tanist over gRPC): those at these client addresses, else all that the cluster is known to have of the tiers, by
   * default the warm ones. Nothing is asked of them yet.
   */
  replicas?(endpoints?: readonly string[], tiers?: readonly ReplicaTier[]): Promise<readonly ReplicaReads[]>;
}

export type ReplicaTier = 'hot' | 'warm' | 'cold';

/** One replica itself, whatever its tier. Calls are neither routed nor repeated: one that cannot answer fails them, as `not-held`, `unavailable`, `superseded` … */
export interface ReplicaReads {
  /** `host:port`. */
  readonly endpoint: string;
  /** Where it is, such as `zone` and `region`, as far as is known. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Serializable. */
  get(key: Bytes, options?: Omit<RangeOptions, 'consistency'>): Promise<RangeAnswer>;
  /**
   * From the present on the latest value of each key that changes: where one changed several times between two marks of a warm replica the last change alone is told. The
   * first batch is a bookmark; further ones come as the replica's revision goes up. Lasts as long as its connection.
   */
  watch(key: Bytes, options?: Pick<WatchOptions, 'rangeEnd' | 'prefix' | 'signal'>): ReplicaWatch;
}

export interface ReplicaWatch extends AsyncIterable<WatchBatch> {
  /** A bookmark once all that there is has been told, where that goes beyond what was told last: a hot one tells of no revision that changed nothing here. */
  requestProgress(): void;
}
