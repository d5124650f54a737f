import type { ByteString } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { type LeaseId, noLease, type Revision, revision } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import type {
  Compare,
  DeleteRangeCommand,
  LeaseGrantCommand,
  Operation,
  PutCommand,
  RangeRequest,
  TxnCommand,
} from '../../ports/command.ts';
import type { Space } from '../../ports/delta.ts';
import type {
  Bytes,
  ClientCompare,
  ClientOperation,
  ClientTxn,
  RangeOptions,
} from '../../ports/state-client.ts';
import { byteStringFrom, type RangeBounds, rangeEndOf, rangeStartOf } from './bytes.ts';

export function putCommand(
  space: Space,
  key: Bytes,
  value: Bytes,
  options: Pick<Partial<PutCommand>, 'lease' | 'previous'> | undefined,
): PutCommand {
  return {
    kind: 'put',
    space,
    key: byteStringFrom(key),
    value: byteStringFrom(value),
    lease: lease64(options?.lease ?? noLease),
    previous: options?.previous ?? false,
    ignoreValue: false,
    ignoreLease: false,
  };
}

export function deleteCommand(
  space: Space,
  key: Bytes,
  options: (RangeBounds & { readonly previous?: boolean }) | undefined,
): DeleteRangeCommand {
  const start = rangeStartOf(key, options);
  const rangeEnd = rangeEndOf(byteStringFrom(key), options);
  return { kind: 'deleteRange', space, key: start, rangeEnd, previous: options?.previous ?? false };
}

export function rangeRequest(
  space: Space,
  key: Bytes,
  options: Omit<RangeOptions, 'consistency'> | undefined,
): RangeRequest {
  return {
    kind: 'range',
    space,
    key: rangeStartOf(key, options),
    rangeEnd: rangeEndOf(byteStringFrom(key), options),
    limit: natural('limit', options?.limit ?? 0),
    revision: revisionOf('revision', options?.revision),
    order: options?.order ?? 'none',
    target: options?.sortBy ?? 'key',
    keysOnly: options?.keysOnly ?? false,
    countOnly: options?.countOnly ?? false,
    minModRevision: revisionOf('minModRevision', options?.minModRevision),
    maxModRevision: revisionOf('maxModRevision', options?.maxModRevision),
    minCreateRevision: revisionOf('minCreateRevision', options?.minCreateRevision),
    maxCreateRevision: revisionOf('maxCreateRevision', options?.maxCreateRevision),
  };
}

/** Of a predicted read. */
export function confidenceOf(minConfidence: number | undefined): number {
  const wanted = minConfidence ?? 0;
  if (wanted >= 0 && wanted <= 1) return wanted;
  throw new TanistError('invalid-argument', `minConfidence is ${wanted}; it must be a number from 0 to 1`);
}

/** What a watch covers. Fails as `key-empty` or `key-too-large`. */
export function watchedRange(
  key: Bytes,
  bounds: RangeBounds | undefined,
): { readonly key: ByteString; readonly rangeEnd: ByteString } {
  const start = rangeStartOf(key, bounds);
  if (start === '') throw new TanistError('key-empty', 'the key is empty; a key has at least one byte');
  const rangeEnd = rangeEndOf(byteStringFrom(key), bounds);
  if (start.length + rangeEnd.length > limits.blockBytes)
    throw new TanistError(
      'key-too-large',
      `the watched range is said in more than ${limits.blockBytes} bytes`,
    );
  return { key: start, rangeEnd };
}

/** Asks for nothing but the present revision. */
export function presentRevision(space: Space): RangeRequest {
  return rangeRequest(space, '\0', { countOnly: true });
}

/** Parts of a ms are rounded up. */
export function grantCommand(ttlMs: number, id: LeaseId = noLease): LeaseGrantCommand {
  return { kind: 'leaseGrant', id: lease64(id), ttlMs: natural('ttlMs', Math.ceil(ttlMs)) };
}

/** Fails as `transaction-too-large` where transactions are nested too deeply. */
export function txnCommand(space: Space, transaction: ClientTxn, depth = 1): TxnCommand {
  if (depth > limits.transactionDepth)
    throw new TanistError(
      'transaction-too-large',
      `transactions are nested deeper than the ${limits.transactionDepth} levels that are allowed`,
    );
  return {
    kind: 'txn',
    space,
    compares: transaction.if.map(compareOf),
    success: transaction.then.map((operation) => operationOf(space, operation, depth)),
    failure: (transaction.else ?? []).map((operation) => operationOf(space, operation, depth)),
  };
}

const comparisons = { '=': 'equal', '!=': 'notEqual', '>': 'greater', '<': 'less' } as const;

function compareOf(compare: ClientCompare): Compare {
  const key = byteStringFrom(compare.key);
  const rangeEnd = rangeEndOf(
    key,
    compare.rangeEnd === undefined ? undefined : { rangeEnd: compare.rangeEnd },
  );
  const head = { key, rangeEnd, result: comparisons[compare.is] };
  if ('value' in compare) return { ...head, target: 'value', value: byteStringFrom(compare.value) };
  if ('lease' in compare) return { ...head, target: 'lease', lease: lease64(compare.lease) };
  if ('version' in compare)
    return { ...head, target: 'version', number: natural('version', compare.version) };
  if ('createRevision' in compare)
    return { ...head, target: 'create', number: natural('createRevision', compare.createRevision) };
  return { ...head, target: 'mod', number: natural('modRevision', compare.modRevision) };
}

function operationOf(space: Space, operation: ClientOperation, depth: number): Operation {
  if ('put' in operation) return putCommand(space, operation.put, operation.value, operation);
  if ('delete' in operation) return deleteCommand(space, operation.delete, operation);
  if ('get' in operation) return rangeRequest(space, operation.get, operation.options);
  return txnCommand(space, operation.txn, depth + 1);
}

/** What the wire can carry; anything else is the caller's mistake. */
export function natural(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new TanistError('invalid-argument', `${name} is ${value}; it must be a whole number from 0 on`);
}

export function revisionOf(name: string, value: Revision | undefined): Revision {
  return revision(natural(name, value ?? 0));
}

export function lease64(id: LeaseId): LeaseId {
  if (id >= 0n && id <= 0xffff_ffff_ffff_ffffn) return id;
  throw new TanistError('invalid-argument', `lease ${id} does not fit into 64 bits`);
}
