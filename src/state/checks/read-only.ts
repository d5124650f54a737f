import type { Operation, TxnCommand } from '../../ports/command.ts';

/** Whether neither branch, nor any within, writes: nothing of it has to be in the log. */
export function isReadOnly({ success, failure }: TxnCommand): boolean {
  return success.every(reads) && failure.every(reads);
}

function reads(operation: Operation): boolean {
  return operation.kind === 'range' || (operation.kind === 'txn' && isReadOnly(operation));
}
