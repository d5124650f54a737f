import { type ByteString, emptyBytes } from '../foundation/bytes.ts';
import {
  type ClusterTimeMs,
  type LeaseId,
  type NodeId,
  type Revision,
  revision,
  type SessionId,
} from '../foundation/ids.ts';
import type { Space } from './delta.ts';
import type { PredictedRead, PredictPolicy, SealedPrediction } from './prediction.ts';

/**
 * The language of the state machine: what a log entry says. On the wire and in the log it is `proto/tanist/v1/command.proto`, the very
 * bytes that the client wrote. `rangeEnd`: empty for the single key, `'\0'` for all keys ≥ `key`, else the first key
 * beyond (etcd's rules).
 */
export type Command =
  | PutCommand
  | DeleteRangeCommand
  | TxnCommand
  | CompactCommand
  | LeaseGrantCommand
  | LeaseRevokeCommand
  | LeaseKeepAliveCommand
  | SetPolicyCommand
  | RemovePolicyCommand
  | OpenSessionCommand
  | CloseSessionCommand
  | KeepSessionsCommand
  | AlarmCommand
  | PredictCommand;

export interface PutCommand {
  readonly kind: 'put';
  readonly space: Space;
  readonly key: ByteString;
  readonly value: ByteString;
  readonly lease: LeaseId;
  /** Return the key as it was before. */
  readonly previous: boolean;
  /** Keep the present value (resp. lease); fails as `key-not-found` when there is no such key. */
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
}

export interface DeleteRangeCommand {
  readonly kind: 'deleteRange';
  readonly space: Space;
  readonly key: ByteString;
  readonly rangeEnd: ByteString;
  readonly previous: boolean;
}

export type SortTarget = 'key' | 'version' | 'create' | 'mod' | 'value';

/** Who may answer a read: the leader with its quorum, any replica of what it has, or the same together with what is predicted. */
export type Consistency = 'linearizable' | 'serializable' | PredictedRead;

export interface RangeRequest {
  readonly kind: 'range';
  readonly space: Space;
  readonly key: ByteString;
  readonly rangeEnd: ByteString;
  /** 0: no limit. */
  readonly limit: number;
  /** 0: the latest. */
  readonly revision: Revision;
  readonly order: 'none' | 'ascend' | 'descend';
  readonly target: SortTarget;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  /** Bounds, inclusive; 0: none. `count` and `more` are counted as etcd does: before these filters. */
  readonly minModRevision: Revision;
  readonly maxModRevision: Revision;
  readonly minCreateRevision: Revision;
  readonly maxCreateRevision: Revision;
}

/** All of a range in its latest revision, unless `rest` says otherwise; without a range end one key. */
export function rangeOf(
  space: Space,
  key: ByteString,
  rangeEnd: ByteString = emptyBytes,
  rest: Partial<RangeRequest> = {},
): RangeRequest {
  return {
    kind: 'range',
    space,
    key,
    rangeEnd,
    limit: 0,
    revision: revision(0),
    order: 'none',
    target: 'key',
    keysOnly: false,
    countOnly: false,
    minModRevision: revision(0),
    maxModRevision: revision(0),
    minCreateRevision: revision(0),
    maxCreateRevision: revision(0),
    ...rest,
  };
}

export type Compare = {
  readonly key: ByteString;
  readonly rangeEnd: ByteString;
  readonly result: 'equal' | 'greater' | 'less' | 'notEqual';
} & (
  | { readonly target: 'version' | 'create' | 'mod'; readonly number: number }
  | { readonly target: 'value'; readonly value: ByteString }
  | { readonly target: 'lease'; readonly lease: LeaseId }
);

export type Operation = PutCommand | DeleteRangeCommand | RangeRequest | TxnCommand;

export interface TxnCommand {
  readonly kind: 'txn';
  /** All operations of a transaction are in this space. */
  readonly space: Space;
  readonly compares: readonly Compare[];
  readonly success: readonly Operation[];
  readonly failure: readonly Operation[];
}

export interface CompactCommand {
  readonly kind: 'compact';
  readonly space: Space;
  readonly revision: Revision;
}

export interface LeaseGrantCommand {
  readonly kind: 'leaseGrant';
  /** 0n: the state picks one. */
  readonly id: LeaseId;
  readonly ttlMs: number;
}
export interface LeaseRevokeCommand {
  readonly kind: 'leaseRevoke';
  readonly id: LeaseId;
}
/** Renewals of many leases in one entry (promise 9). */
export interface LeaseKeepAliveCommand {
  readonly kind: 'leaseKeepAlive';
  readonly ids: readonly LeaseId[];
}

/** What holds for keys that start with a prefix; the longest prefix wins as a whole. */
export interface Policy {
  readonly acknowledge: 'quorum' | 'leader';
  /** `critical`: warm replicas hold these keys (of `user` and `planes`), too. */
  readonly tier: PolicyTier;
  /** Null: nothing is predicted. */
  readonly predict: PredictPolicy | null;
}
export const policyTiers = ['full', 'critical'] as const;
export type PolicyTier = (typeof policyTiers)[number];
export interface SetPolicyCommand {
  readonly kind: 'setPolicy';
  readonly prefix: ByteString;
  readonly policy: Policy;
}
export interface RemovePolicyCommand {
  readonly kind: 'removePolicy';
  readonly prefix: ByteString;
}

/** Registers a session; its id is in the result. */
export interface OpenSessionCommand {
  readonly kind: 'openSession';
  readonly ttlMs: number;
  /** Random text of the client's: opening again with the same nonce (a re-send) finds the same session. */
  readonly nonce: string;
}
export interface CloseSessionCommand {
  readonly kind: 'closeSession';
  readonly id: SessionId;
}
/** Renews idle sessions, batched like leases; any batch of a session renews it too. */
export interface KeepSessionsCommand {
  readonly kind: 'keepSessions';
  readonly ids: readonly SessionId[];
}

export const alarmKinds = ['noSpace', 'corrupt'] as const;
export type AlarmKind = (typeof alarmKinds)[number];

export interface Alarm {
  readonly member: NodeId;
  readonly kind: AlarmKind;
}

/** Turns an alarm on or off. To deactivate, an empty member means every one. */
export interface AlarmCommand {
  readonly kind: 'alarm';
  readonly action: 'activate' | 'deactivate';
  readonly member: NodeId;
  readonly alarm: AlarmKind;
}

/**
 * What models expect, for the space `predicted`. Made by a node for its cluster, never by a client and in no session. Of predictions that no
 * longer hold when it is applied nothing is kept.
 */
export interface PredictCommand {
  readonly kind: 'predict';
  readonly predictions: readonly SealedPrediction[];
}

/**
 * Commands of one caller, in order. With a session, command i has the number `firstNumber + i`; results at or below
 * `acknowledgedThrough` are forgotten and never applied again (promise 3). Without one (`noSession`) numbers mean nothing.
 */
export interface CommandBatch {
  readonly session: SessionId;
  readonly firstNumber: number;
  readonly acknowledgedThrough: number;
  readonly commands: readonly Command[];
}

/** What one log entry of kind `commands` carries. `timeMs`: the leader's stamp, from which cluster time moves (promise 9). */
export interface Block {
  readonly timeMs: ClusterTimeMs;
  readonly batches: readonly CommandBatch[];
}

export type {
  AgedPrediction,
  PredictableSpace,
  PredictedField,
  PredictedRead,
  Prediction,
  PredictPolicy,
  SealedPrediction,
} from './prediction.ts';
