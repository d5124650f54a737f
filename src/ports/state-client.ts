import type { LeaseId, Revision } from '../foundation/ids.ts';
import type { Space } from './delta.ts';

/** Keys and values at the edge: text is UTF-8. */
export type Bytes = string | Uint8Array;

export interface CallOptions {
  /** Gives up waiting; an operation that may have been applied then fails as indeterminate. */
  readonly signal?: AbortSignal;
  /** Overrides the client's default. */
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
  /** Default `linearizable`. `serializable`: any replica's own state, with its age. */
  readonly consistency?: 'linearizable' | 'serializable';
}

export interface RangeAnswer {
  readonly revision: Revision;
  readonly values: readonly ClientKeyValue[];
  readonly count: number;
  readonly more: boolean;
  /** Of a serializable read: ms since the replica last heard a leader. 0 for a linearizable one. */
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

/** Events of whole revisions: all events of a revision are in one batch. Empty `events`: a bookmark, nothing up to `revision` is missing. */
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
  readonly revision: Revision;
  readonly succeeded: boolean;
  readonly answers: readonly ClientOperationAnswer[];
}

/**
 * How the planes, and any program, reach the state: inside a node, over gRPC to a Tanist cluster, or to a real etcd. All three
 * pass the same conformance suite. Failures are `TanistError`.
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
  /** Renews once; the time-to-live, or a `lease-not-found` error. */
  keepLeaseAlive(id: LeaseId, options?: CallOptions): Promise<{ readonly ttlMs: number }>;
  /** Ends when the signal aborts; fails with `revision-compacted` when `fromRevision` is gone. Resumes by itself over failovers. */
  watch(key: Bytes, options?: WatchOptions): AsyncIterable<WatchBatch>;
}
