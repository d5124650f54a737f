import type { ErrorCode } from '../foundation/errors.ts';
import type { LeaseId, Revision, SessionId } from '../foundation/ids.ts';
import type { AgedPrediction, Alarm, RangeRequest } from './command.ts';
import type { KeyValue } from './delta.ts';
import type { AbsentPrediction } from './prediction.ts';

/** What a command answers. `revision` is the space's revision after it. Results are plain immutable data: they are kept in sessions. */
export type CommandResult =
  | PutResult
  | DeleteRangeResult
  | TxnResult
  | { readonly kind: 'compact'; readonly revision: Revision }
  | { readonly kind: 'leaseGrant'; readonly id: LeaseId; readonly ttlMs: number }
  | { readonly kind: 'leaseRevoke' }
  /** Per asked lease its full time-to-live, 0 where the lease is gone; same order. */
  | { readonly kind: 'leaseKeepAlive'; readonly ttlMs: readonly number[] }
  | { readonly kind: 'setPolicy' }
  | { readonly kind: 'removePolicy' }
  | { readonly kind: 'openSession'; readonly id: SessionId }
  | { readonly kind: 'closeSession' }
  | { readonly kind: 'keepSessions' }
  /** Those that were turned on or off. */
  | { readonly kind: 'alarm'; readonly alarms: readonly Alarm[] }
  /** Predictions that are kept, and those that no longer held. */
  | { readonly kind: 'predict'; readonly kept: number; readonly dropped: number }
  | FailedResult;

export interface PutResult {
  readonly kind: 'put';
  readonly revision: Revision;
  readonly previous: KeyValue | null;
}
export interface DeleteRangeResult {
  readonly kind: 'deleteRange';
  readonly revision: Revision;
  readonly deleted: number;
  readonly previous: readonly KeyValue[];
}
export interface RangeResult {
  readonly kind: 'range';
  readonly revision: Revision;
  readonly values: readonly KeyValue[];
  readonly count: number;
  readonly more: boolean;
}
/** A range, and what is predicted of the keys in it. */
export interface PredictedRangeResult extends RangeResult {
  /** In the order of the keys; made from the very values beside them. */
  readonly predictions: readonly AgedPrediction[];
  /** The other keys. */
  readonly absent: readonly AbsentPrediction[];
}
/** A range at an older revision inside a transaction: apply reads no history, so the node fills it in before it replies. */
export interface DeferredRangeResult {
  readonly kind: 'deferredRange';
  readonly revision: Revision;
  readonly request: RangeRequest;
}
export interface TxnResult {
  readonly kind: 'txn';
  readonly revision: Revision;
  readonly succeeded: boolean;
  readonly responses: readonly OperationResult[];
}
export type OperationResult = PutResult | DeleteRangeResult | RangeResult | DeferredRangeResult | TxnResult;

/** The command changed nothing. Deterministic like every result. */
export interface FailedResult {
  readonly kind: 'failed';
  readonly code: ErrorCode;
  readonly message: string;
}
