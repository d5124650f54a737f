import type { ByteString } from '../../foundation/bytes.ts';
import { nodeIdPattern } from '../../foundation/ids.ts';
import { limits as builtIn, type RequestLimits } from '../../foundation/limits.ts';
import type {
  Command,
  DeleteRangeCommand,
  Operation,
  PredictPolicy,
  PutCommand,
  RangeRequest,
  TxnCommand,
} from '../../ports/command.ts';
import type { FailedResult } from '../../ports/result.ts';
import { failed } from '../failed.ts';
import { faultOfPredictions, faultOfPredictPolicy, notOfClients } from '../predicted/check.ts';
import { checkDistinctPuts } from './validate-intervals.ts';

interface Keys {
  readonly key: ByteString;
  readonly rangeEnd: ByteString;
}

/**
 * What a command must fulfil before it may enter the log; null when it does. The leader checks at admission; `apply` relies on it
 * for good answers, but stays deterministic without it. Codes: `key-empty`, `key-too-large`, `value-too-large`,
 * `transaction-too-large`, `duplicate-key`, `invalid-argument`.
 */
export function validateCommand(command: Command, limits: RequestLimits): FailedResult | null {
  if ('space' in command && command.space === 'predicted') return failed('invalid-argument', notOfClients);
  switch (command.kind) {
    case 'put':
      return validatePut(command, limits);
    case 'deleteRange':
      return validateKeys(command, limits);
    case 'txn':
      return validateTxn(command, limits, limits.transactionOperations, 1) ?? checkDistinctPuts(command);
    case 'compact':
      return isCount(command.revision)
        ? null
        : failed('invalid-argument', 'a revision is a whole number ≥ 0');
    case 'setPolicy':
      return keySize(command.prefix, limits) ?? validatePredict(command.policy.predict);
    case 'removePolicy':
      return keySize(command.prefix, limits);
    case 'predict': {
      const fault = faultOfPredictions(command.predictions, limits);
      return fault === null ? null : failed('invalid-argument', fault);
    }
    case 'leaseGrant':
      return isCount(command.ttlMs)
        ? null
        : failed('lease-ttl-invalid', 'a time-to-live is a whole number of ms ≥ 0');
    case 'openSession':
      return validateSession(command.nonce, command.ttlMs);
    case 'alarm':
      return nodeIdPattern.test(command.member) || (command.action === 'deactivate' && command.member === '')
        ? null
        : failed('invalid-argument', 'an alarm is of a member: name its id');
    case 'leaseKeepAlive':
    case 'keepSessions':
      return validateIds(command.ids);
    case 'leaseRevoke':
    case 'closeSession':
      return null;
  }
}

function validatePredict(predict: PredictPolicy | null): FailedResult | null {
  const fault = predict === null ? null : faultOfPredictPolicy(predict);
  return fault === null ? null : failed('invalid-argument', fault);
}

/** The same for a read. */
export function validateRange(range: RangeRequest, limits: RequestLimits): FailedResult | null {
  if (range.space === 'predicted') return failed('invalid-argument', notOfClients);
  const bounds = [
    range.limit,
    range.revision,
    range.minModRevision,
    range.maxModRevision,
    range.minCreateRevision,
    range.maxCreateRevision,
  ];
  if (!bounds.every(isCount)) return failed('invalid-argument', 'limit and revisions are whole numbers ≥ 0');
  return validateKeys(range, limits);
}

/** The same for a watch: what it asks for is held as long as it lasts. */
export function validateWatch({ key, rangeEnd }: Keys, limits: RequestLimits): FailedResult | null {
  return keySize(key, limits) ?? keySize(rangeEnd, limits);
}

/** A command is applied in one go, so what it names is bounded. */
function validateIds(ids: readonly unknown[]): FailedResult | null {
  if (ids.length <= builtIn.idsPerCommand) return null;
  const message = `the command names ${ids.length} ids; ${builtIn.idsPerCommand} are allowed: send several commands`;
  return failed('invalid-argument', message);
}

const nonceCharacters = 128;

function validateSession(nonce: string, ttlMs: number): FailedResult | null {
  if (nonce.length === 0 || nonce.length > nonceCharacters)
    return failed('invalid-argument', `a session's nonce has 1 to ${nonceCharacters} characters`);
  return isCount(ttlMs) ? null : failed('invalid-argument', 'a time-to-live is a whole number of ms ≥ 0');
}

function validatePut(put: PutCommand, limits: RequestLimits): FailedResult | null {
  const failure = put.key.length === 0 ? keyEmpty() : keySize(put.key, limits);
  if (failure !== null) return failure;
  if (put.value.length > limits.valueBytes)
    return failed(
      'value-too-large',
      `the value has ${put.value.length} bytes; ${limits.valueBytes} are allowed`,
    );
  if (put.ignoreValue && put.value.length > 0)
    return failed('invalid-argument', 'a value is given together with ignoreValue; leave one out');
  if (put.ignoreLease && put.lease !== 0n)
    return failed('invalid-argument', 'a lease is given together with ignoreLease; leave one out');
  return null;
}

function validateKeys(range: Keys, limits: RequestLimits): FailedResult | null {
  if (range.key.length === 0) return keyEmpty();
  return validateWatch(range, limits);
}

/** As etcd counts: each level by the longest of its lists, what is left of the limit goes to the nested ones. */
function validateTxn(
  txn: TxnCommand,
  limits: RequestLimits,
  left: number,
  depth: number,
): FailedResult | null {
  if (depth > builtIn.transactionDepth)
    return failed(
      'transaction-too-large',
      `transactions are nested deeper than the ${builtIn.transactionDepth} levels that are allowed`,
    );
  const operations = Math.max(txn.compares.length, txn.success.length, txn.failure.length);
  if (operations > left)
    return failed(
      'transaction-too-large',
      `the transaction has more than ${limits.transactionOperations} operations, nested ones included`,
    );
  for (const compare of txn.compares) {
    const failure = validateKeys(compare, limits);
    if (failure !== null) return failure;
  }
  for (const branch of [txn.success, txn.failure])
    for (const operation of branch) {
      if (operation.space !== txn.space)
        return failed(
          'invalid-argument',
          `an operation in space ${operation.space} is in a txn of ${txn.space}`,
        );
      const failure = validateOperation(operation, limits, left - operations, depth);
      if (failure !== null) return failure;
    }
  return null;
}

function validateOperation(
  operation: Operation,
  limits: RequestLimits,
  left: number,
  depth: number,
): FailedResult | null {
  switch (operation.kind) {
    case 'put':
      return validatePut(operation, limits);
    case 'deleteRange':
      return validateKeys(operation satisfies DeleteRangeCommand, limits);
    case 'range':
      return validateRange(operation, limits);
    case 'txn':
      return validateTxn(operation, limits, left, depth + 1);
  }
}

function keyEmpty(): FailedResult {
  return failed('key-empty', 'the key is empty; a key has at least one byte');
}

function keySize(key: ByteString, limits: RequestLimits): FailedResult | null {
  if (key.length <= limits.keyBytes) return null;
  return failed('key-too-large', `the key has ${key.length} bytes; ${limits.keyBytes} are allowed`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
