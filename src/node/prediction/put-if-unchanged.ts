import { type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import { noLease } from '../../foundation/ids.ts';
import type { TxnCommand } from '../../ports/command.ts';

/** Puts a key of `system` if it still has this modification revision (0: there is none); what anybody else has put meanwhile stays. */
export function putIfUnchanged(key: ByteString, value: ByteString, modRevision: number): TxnCommand {
  const flags = { lease: noLease, previous: false, ignoreValue: false, ignoreLease: false };
  return {
    kind: 'txn',
    space: 'system',
    compares: [{ key, rangeEnd: emptyBytes, result: 'equal', target: 'mod', number: modRevision }],
    success: [{ kind: 'put', space: 'system', key, value, ...flags }],
    failure: [],
  };
}
