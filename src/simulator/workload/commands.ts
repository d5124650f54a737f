import { type ByteString, byteStringOfText, emptyBytes } from '../../foundation/bytes.ts';
import { type LeaseId, noLease, revision } from '../../foundation/ids.ts';
import {
  type Compare,
  type Operation,
  type PutCommand,
  type RangeRequest,
  rangeOf,
  type TxnCommand,
} from '../../ports/command.ts';

/** Commands of the user space from text, with everything that is not asked for left at its default. */
export function put(key: string, value: string, lease: LeaseId = noLease): PutCommand {
  return {
    kind: 'put',
    space: 'user',
    key: byteStringOfText(key),
    value: byteStringOfText(value),
    lease,
    previous: false,
    ignoreValue: false,
    ignoreLease: false,
  };
}

export function deleteKey(key: string, rangeEnd = ''): Extract<Operation, { kind: 'deleteRange' }> {
  return {
    kind: 'deleteRange',
    space: 'user',
    key: byteStringOfText(key),
    rangeEnd: byteStringOfText(rangeEnd),
    previous: false,
  };
}

export function range(key: string, rangeEnd = '', at = 0): RangeRequest {
  return rangeOf('user', byteStringOfText(key), byteStringOfText(rangeEnd), { revision: revision(at) });
}

export function txn(compares: readonly Compare[], success: readonly Operation[]): TxnCommand {
  return { kind: 'txn', space: 'user', compares, success, failure: [] };
}

const single = { rangeEnd: emptyBytes, result: 'equal' } as const;

/** Null: the key is absent. */
export function hasValue(key: string, value: string | null): Compare {
  const name: ByteString = byteStringOfText(key);
  return value === null
    ? { key: name, ...single, target: 'version', number: 0 }
    : { key: name, ...single, target: 'value', value: byteStringOfText(value) };
}

export function wasModifiedAt(key: string, at: number): Compare {
  return { key: byteStringOfText(key), ...single, target: 'mod', number: at };
}
