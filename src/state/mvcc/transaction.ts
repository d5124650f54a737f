import { assert } from '../../foundation/assert.ts';
import { type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import { type LeaseId, leaseText, noLease, revision } from '../../foundation/ids.ts';
import type {
  Compare,
  DeleteRangeCommand,
  Operation,
  PutCommand,
  RangeRequest,
  TxnCommand,
} from '../../ports/command.ts';
import type { KeyValue } from '../../ports/delta.ts';
import type {
  DeferredRangeResult,
  DeleteRangeResult,
  FailedResult,
  OperationResult,
  PutResult,
  RangeResult,
  TxnResult,
} from '../../ports/result.ts';
import { isReadOnly } from '../checks/read-only.ts';
import { failed } from '../failed.ts';
import { finish, type Slices } from '../slices.ts';
import { checkRevision, fetchLimit, rangeValues, upperBound } from './range.ts';
import { keysPerTurn, rangeLatestInSlices } from './range-scan.ts';
import type { SpaceStore } from './space-store.ts';

/** What a put needs to know of leases. */
export interface LeaseBook {
  has(id: LeaseId): boolean;
  /** No further key goes onto it. */
  isFull(id: LeaseId): boolean;
  /** The key moves from one lease (or none) to another (or none). */
  moveKey(store: SpaceStore, key: KeyValue['key'], from: LeaseId, to: LeaseId): void;
}

/** The checks of etcd's apply, which come before anything is changed; null when the put can be applied. */
export function checkPut(store: SpaceStore, leases: LeaseBook, put: PutCommand): FailedResult | null {
  return checkLease(store, leases, put) ?? checkKept(store, put);
}

/** The same in a transaction: there etcd looks in the other order. */
function checkPutInTxn(store: SpaceStore, leases: LeaseBook, put: PutCommand): FailedResult | null {
  return checkKept(store, put) ?? checkLease(store, leases, put);
}

function checkLease(store: SpaceStore, leases: LeaseBook, { key, lease }: PutCommand): FailedResult | null {
  if (lease === noLease) return null;
  if (!leases.has(lease))
    return failed('lease-not-found', `lease ${leaseText(lease)} does not exist or has expired`);
  if (!leases.isFull(lease) || store.get(key)?.lease === lease) return null;
  return failed(
    'overloaded',
    `lease ${leaseText(lease)} has as many keys as one may have; use another for this key`,
  );
}

function checkKept(store: SpaceStore, put: PutCommand): FailedResult | null {
  if ((!put.ignoreValue && !put.ignoreLease) || store.get(put.key) !== null) return null;
  return failed('key-not-found', 'ignoreValue and ignoreLease keep what is there, but there is no such key');
}

/** Changes without committing; `checkPut` has passed. */
export function applyPut(store: SpaceStore, leases: LeaseBook, put: PutCommand): PutResult {
  let value = put.value;
  let lease = put.lease;
  if (put.ignoreValue || put.ignoreLease) {
    const present = store.get(put.key);
    if (put.ignoreValue) value = present === null ? emptyBytes : present.value;
    if (put.ignoreLease) lease = present === null ? noLease : present.lease;
  }
  const previous = store.put(put.key, value, lease);
  const before = previous === null ? noLease : previous.lease;
  if (before !== lease) leases.moveKey(store, put.key, before, lease);
  return { kind: 'put', revision: store.readRevision, previous: put.previous ? previous : null };
}

/** Changes without committing. */
export function* applyDeleteRange(
  store: SpaceStore,
  leases: LeaseBook,
  command: DeleteRangeCommand,
  perSlice: number,
): Slices<DeleteRangeResult> {
  const { key, rangeEnd } = command;
  const previous: KeyValue[] = [];
  let deleted = 0;
  for (;;) {
    // What the slices before took is gone, so the range always begins with what is left of it.
    const keys = rangeEnd === '' ? [key] : store.keys(key, upperBound(rangeEnd), perSlice);
    const gone = store.deleteAll(keys);
    deleted += gone.length;
    for (const value of gone) {
      if (value.lease !== noLease) leases.moveKey(store, value.key, value.lease, noLease);
      if (command.previous) previous.push(value);
    }
    if (rangeEnd === '' || keys.length < perSlice) break;
    yield;
  }
  return { kind: 'deleteRange', revision: store.readRevision, deleted, previous };
}

export interface TxnBounds {
  readonly mostKeys: number;
  readonly perSlice: number;
}

/**
 * A transaction as etcd applies it: all compares, nested ones too, judge the state before it; then everything that could fail on
 * the chosen path is checked; then the path's operations run in order, each seeing what the earlier ones changed. Commits.
 */
export function* applyTxn(
  store: SpaceStore,
  leases: LeaseBook,
  txn: TxnCommand,
  { mostKeys, perSlice }: TxnBounds,
): Slices<TxnResult | FailedResult> {
  const keys = keysOfTxn(store, txn);
  if (keys > mostKeys)
    return failed(
      'transaction-too-large',
      `the ranges of the transaction hold ${keys} keys; ${mostKeys} may be touched by one: use smaller ranges`,
    );
  const before = store.revision;
  const result = yield* evaluate(store, leases, txn, perSlice);
  store.commit();
  assert(store.revision <= before + 1, 'a transaction is one revision at most');
  return result;
}

/** What a transaction that writes nothing answers, at once; null: it looks at too many keys for one turn. What it looked at counts as work of the next slice. */
export function readTxn(
  store: SpaceStore,
  leases: LeaseBook,
  txn: TxnCommand,
): TxnResult | FailedResult | null {
  assert(isReadOnly(txn), 'what writes is in the log');
  if (keysOfTxn(store, txn) > keysPerTurn) return null;
  return finish(evaluate(store, leases, txn, keysPerTurn + 1));
}

/** Without committing; failed, it has changed nothing. */
function* evaluate(
  store: SpaceStore,
  leases: LeaseBook,
  txn: TxnCommand,
  perSlice: number,
): Slices<TxnResult | FailedResult> {
  const path: boolean[] = [];
  yield* choosePath(store, txn, path, perSlice);
  const failure =
    checkPath(txn, path, { next: 0 }, (operation) =>
      operation.kind === 'put' ? checkPutInTxn(store, leases, operation) : null,
    ) ??
    checkPath(txn, path, { next: 0 }, (operation) =>
      operation.kind === 'range' ? checkRevision(store, operation.revision) : null,
    );
  return failure ?? (yield* runPath(store, leases, txn, path, { next: 0 }, perSlice));
}

/** How many keys have to be looked at, or deleted. */
export function keysTouched(
  store: SpaceStore,
  range: { readonly key: ByteString; readonly rangeEnd: ByteString },
): number {
  return range.rangeEnd === '' ? 1 : store.count(range.key, upperBound(range.rangeEnd));
}

/** Of all compares and of both branches, as it is before the transaction. */
function keysOfTxn(store: SpaceStore, txn: TxnCommand): number {
  let keys = 0;
  for (const compare of txn.compares) keys += keysTouched(store, compare);
  for (const operation of txn.success) keys += keysOfOperation(store, operation);
  for (const operation of txn.failure) keys += keysOfOperation(store, operation);
  return keys;
}

function keysOfOperation(store: SpaceStore, operation: Operation): number {
  switch (operation.kind) {
    case 'put':
      return 1;
    case 'deleteRange':
      return keysTouched(store, operation);
    case 'range': {
      const all = operation.countOnly ? 0 : keysTouched(store, operation);
      const limit = fetchLimit(operation);
      return limit === 0 ? all : Math.min(all, limit);
    }
    case 'txn':
      return keysOfTxn(store, operation);
  }
}

function* choosePath(
  store: SpaceStore,
  txn: TxnCommand,
  path: boolean[],
  perSlice: number,
): Slices<undefined> {
  let succeeded = true;
  for (const compare of txn.compares) {
    succeeded = yield* holds(store, compare, perSlice);
    if (!succeeded) break;
  }
  path.push(succeeded);
  for (const operation of succeeded ? txn.success : txn.failure)
    if (operation.kind === 'txn') yield* choosePath(store, operation, path, perSlice);
}

function checkPath(
  txn: TxnCommand,
  path: readonly boolean[],
  at: { next: number },
  check: (operation: Operation) => FailedResult | null,
): FailedResult | null {
  for (const operation of path[at.next++] ? txn.success : txn.failure) {
    const failure = operation.kind === 'txn' ? checkPath(operation, path, at, check) : check(operation);
    if (failure !== null) return failure;
  }
  return null;
}

function* runPath(
  store: SpaceStore,
  leases: LeaseBook,
  txn: TxnCommand,
  path: readonly boolean[],
  at: { next: number },
  perSlice: number,
): Slices<TxnResult> {
  const succeeded = path[at.next++] === true;
  const responses: OperationResult[] = [];
  for (const operation of succeeded ? txn.success : txn.failure) {
    switch (operation.kind) {
      case 'put':
        responses.push(applyPut(store, leases, operation));
        break;
      case 'deleteRange':
        responses.push(yield* applyDeleteRange(store, leases, operation, perSlice));
        break;
      case 'range':
        responses.push(yield* rangeInTxn(store, operation, perSlice));
        break;
      case 'txn':
        responses.push(yield* runPath(store, leases, operation, path, at, perSlice));
        break;
    }
    if (store.isSliceFull(perSlice)) yield;
  }
  return { kind: 'txn', revision: store.readRevision, succeeded, responses };
}

function* rangeInTxn(
  store: SpaceStore,
  request: RangeRequest,
  perSlice: number,
): Slices<RangeResult | DeferredRangeResult> {
  if (request.revision === 0 || request.revision === store.readRevision)
    return yield* rangeLatestInSlices(store, request, perSlice);
  return { kind: 'deferredRange', revision: store.readRevision, request };
}

/** etcd's compare: over a range every key must pass; an absent key has zeroes for numbers and no value to compare with. */
function* holds(store: SpaceStore, compare: Compare, perSlice: number): Slices<boolean> {
  let from = compare.key;
  for (;;) {
    const values = rangeValues(store, from, compare.rangeEnd, perSlice);
    const last = values[values.length - 1];
    if (last === undefined && from === compare.key)
      return compare.target !== 'value' && verdict(compare, differenceTo(compare, absent));
    if (!values.every((value) => verdict(compare, differenceTo(compare, value)))) return false;
    store.worked(values.length);
    if (last === undefined || compare.rangeEnd === '' || values.length < perSlice) return true;
    from = `${last.key}\0` as ByteString;
    yield;
  }
}

const absent: KeyValue = {
  key: emptyBytes,
  value: emptyBytes,
  createRevision: revision(0),
  modRevision: revision(0),
  version: 0,
  lease: noLease,
};

/** Sign of present minus wanted. */
function differenceTo(compare: Compare, value: KeyValue): number {
  switch (compare.target) {
    case 'version':
      return value.version - compare.number;
    case 'create':
      return value.createRevision - compare.number;
    case 'mod':
      return value.modRevision - compare.number;
    case 'value':
      return value.value < compare.value ? -1 : value.value > compare.value ? 1 : 0;
    case 'lease': {
      const left = BigInt.asIntN(64, value.lease);
      const right = BigInt.asIntN(64, compare.lease);
      return left < right ? -1 : left > right ? 1 : 0;
    }
  }
}

function verdict(compare: Compare, difference: number): boolean {
  switch (compare.result) {
    case 'equal':
      return difference === 0;
    case 'notEqual':
      return difference !== 0;
    case 'greater':
      return difference > 0;
    case 'less':
      return difference < 0;
  }
}
