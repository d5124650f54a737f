import { type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import { noLease } from '../../foundation/ids.ts';
import type { TxnCommand } from '../../ports/command.ts';

/** Puts a key of `system` that nobody has put before it: what came first, by whomever and however late it was read here, stays. */
export function putIfMissing(key: ByteString, value: ByteString): TxnCommand {
  const flags = { lease: noLease, previous: false, ignoreValue: false, ignoreLease: false };
  return {
    kind: 'txn',
    space: 'system',
    compares: [{ key, rangeEnd: emptyBytes, result: 'equal', target: 'mod', number: 0 }],
    success: [{ kind: 'put', space: 'system', key, value, ...flags }],
    failure: [],
  };
}
