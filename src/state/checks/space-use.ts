import type { Operation, TxnCommand } from '../../ports/command.ts';
import type { Space } from '../../ports/delta.ts';
import { failed } from '../failed.ts';

/** What a live key counts beside its own bytes and its value's: about what memory and disk take for it. */
export const keyOverheadBytes = 128;

/** Spaces whose keys the quota counts and bounds: never the predicted one, which may not touch the others (promise 5). */
export function isBounded(space: Space): boolean {
  return space === 'user' || space === 'planes';
}

export const noSpaceLeft = failed(
  'no-space',
  'the cluster has no space left (its quota is used up): delete keys, then disarm the alarm',
);

/** As etcd counts a transaction's cost: a put on either branch takes space. */
export function takesSpace(txn: TxnCommand): boolean {
  return isBounded(txn.space) && (txn.success.some(puts) || txn.failure.some(puts));
}

function puts(operation: Operation): boolean {
  return operation.kind === 'put' || (operation.kind === 'txn' && takesSpace(operation));
}
