import type { ByteString } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { type LeaseId, noLease, type Revision, revision } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import {
  type Compare,
  type DeleteRangeCommand,
  type LeaseGrantCommand,
  type Operation,
  type Policy,
  type PredictPolicy,
  type PutCommand,
  policyTiers,
  type RangeRequest,
  type SetPolicyCommand,
  type TxnCommand,
} from '../../ports/command.ts';
import type { Space } from '../../ports/delta.ts';
import type {
  Bytes,
  ClientCompare,
  ClientOperation,
  ClientTxn,
  RangeOptions,
} from '../../ports/state-client.ts';
import { orders, targets } from '../parts/range-request.ts';
import { acknowledgements } from '../session/write-command.ts';
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
    order: options?.order === undefined ? 'none' : oneOf('order', orders, options.order),
    target: options?.sortBy === undefined ? 'key' : oneOf('sortBy', targets, options.sortBy),
    keysOnly: options?.keysOnly ?? false,
    countOnly: options?.countOnly ?? false,
    minModRevision: revisionOf('minModRevision', options?.minModRevision),
    maxModRevision: revisionOf('maxModRevision', options?.maxModRevision),
    minCreateRevision: revisionOf('minCreateRevision', options?.minCreateRevision),
    maxCreateRevision: revisionOf('maxCreateRevision', options?.maxCreateRevision),
  };
}

const consistencies = ['linearizable', 'serializable', 'predicted'] as const;

export function consistencyOf<Wanted extends (typeof consistencies)[number]>(
  wanted: Wanted | undefined,
): Wanted | 'linearizable' {
  return wanted === undefined ? 'linearizable' : oneOf('consistency', consistencies, wanted);
}

/** What is left out: acknowledged by the quorum, tier full, nothing predicted. */
export function policyCommand(prefix: Bytes, policy: Partial<Policy>): SetPolicyCommand {
  const { acknowledge = 'quorum', tier = 'full', predict = null } = policy;
  oneOf('acknowledge', acknowledgements, acknowledge);
  oneOf('tier', policyTiers, tier);
  if (predict !== null) checkPredict(predict);
  return { kind: 'setPolicy', prefix: byteStringFrom(prefix), policy: { acknowledge, tier, predict } };
}

function checkPredict({ fields, stepMs, horizon, minConfidence, weight }: PredictPolicy): void {
  natural('stepMs', stepMs);
  natural('horizon', horizon);
  if (typeof minConfidence !== 'number' || typeof weight !== 'number')
    throw new TanistError('invalid-argument', 'minConfidence and weight of predict must be numbers');
  if (!Array.isArray(fields) || fields.some((pointer) => typeof pointer !== 'string'))
    throw new TanistError('invalid-argument', 'the fields of predict must be a list of JSON pointers');
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
  const { if: compares, then: success, else: failure = [] } = object('the transaction', transaction);
  return {
    kind: 'txn',
    space,
    compares: list('if', compares).map(compareOf),
    success: list('then', success).map((operation) => operationOf(space, operation, depth)),
    failure: list('else', failure).map((operation) => operationOf(space, operation, depth)),
  };
}

const comparisons = { '=': 'equal', '!=': 'notEqual', '>': 'greater', '<': 'less' } as const;
const comparisonSigns = Object.keys(comparisons) as readonly (keyof typeof comparisons)[];

function compareOf(given: ClientCompare): Compare {
  const compare = object('a compare', given);
  const key = byteStringFrom(compare.key);
  const rangeEnd = rangeEndOf(
    key,
    compare.rangeEnd === undefined ? undefined : { rangeEnd: compare.rangeEnd },
  );
  const head = { key, rangeEnd, result: comparisons[oneOf('is', comparisonSigns, compare.is)] };
  if ('value' in compare) return { ...head, target: 'value', value: byteStringFrom(compare.value) };
  if ('lease' in compare) return { ...head, target: 'lease', lease: lease64(compare.lease) };
  if ('version' in compare)
    return { ...head, target: 'version', number: natural('version', compare.version) };
  if ('createRevision' in compare)
    return { ...head, target: 'create', number: natural('createRevision', compare.createRevision) };
  if ('modRevision' in compare)
    return { ...head, target: 'mod', number: natural('modRevision', compare.modRevision) };
  throw new TanistError(
    'invalid-argument',
    'a compare has none of value, lease, version, createRevision, modRevision',
  );
}

function operationOf(space: Space, given: ClientOperation, depth: number): Operation {
  const operation = object('an operation', given);
  if ('put' in operation) return putCommand(space, operation.put, operation.value, operation);
  if ('delete' in operation) return deleteCommand(space, operation.delete, operation);
  if ('get' in operation) return rangeRequest(space, operation.get, operation.options);
  if ('txn' in operation) return txnCommand(space, operation.txn, depth + 1);
  throw new TanistError('invalid-argument', 'an operation has none of put, delete, get, txn');
}

/** The compiler checks what follows for callers in TypeScript, and nobody for those in JavaScript. */
export function oneOf<Name extends string>(what: string, names: readonly string[], value: Name): Name {
  if (names.includes(value)) return value;
  throw new TanistError(
    'invalid-argument',
    `${what} is ${String(value)}; it must be one of ${names.join(', ')}`,
  );
}

function object<Given extends object>(what: string, value: Given): Given {
  if (typeof value === 'object' && value !== null) return value;
  throw new TanistError('invalid-argument', `${what} is ${String(value)}; it must be an object`);
}

function list<Item>(what: string, value: readonly Item[]): readonly Item[] {
  if (Array.isArray(value)) return value;
  throw new TanistError(
    'invalid-argument',
    `${what} of the transaction is ${String(value)}; it must be a list`,
  );
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
  if (typeof id === 'bigint' && id >= 0n && id <= 0xffff_ffff_ffff_ffffn) return id;
  throw new TanistError('invalid-argument', `lease ${String(id)} is no bigint of 64 bits`);
}
