import type { ByteString } from '../../foundation/bytes.ts';
import type { Operation, TxnCommand } from '../../ports/command.ts';
import type { FailedResult } from '../../ports/result.ts';
import { failed } from '../failed.ts';

interface Interval {
  readonly from: ByteString;
  /** Empty: the single key `from`. */
  readonly to: ByteString;
}

interface Touched {
  readonly puts: Set<ByteString>;
  readonly deletes: Interval[];
}

/**
 * etcd's `checkIntervals`: no key may be put twice in a transaction, nor put and deleted. Exactly as there, with its gaps: then
 * and else exclude each other; deletes of one nested transaction do not meet puts of another that comes before it; a delete without
 * upper bound (`'\0'`) meets no put.
 */
export function checkDistinctPuts(txn: TxnCommand): FailedResult | null {
  const clash = collect(txn.success) === null || collect(txn.failure) === null;
  if (!clash) return null;
  return failed(
    'duplicate-key',
    'the transaction changes a key twice; put each key once, and not within a delete',
  );
}

/** Null: a clash. */
function collect(operations: readonly Operation[]): Touched | null {
  const touched: Touched = { puts: new Set(), deletes: [] };
  for (const operation of operations)
    if (operation.kind === 'deleteRange')
      touched.deletes.push({ from: operation.key, to: operation.rangeEnd });
  for (const operation of operations) {
    if (operation.kind !== 'txn') continue;
    const success = collect(operation.success);
    const failure = collect(operation.failure);
    if (success === null || failure === null) return null;
    for (const key of success.puts) if (!addPut(touched, key)) return null;
    for (const key of failure.puts) if (!success.puts.has(key) && !addPut(touched, key)) return null;
    touched.deletes.push(...success.deletes, ...failure.deletes);
  }
  for (const operation of operations)
    if (operation.kind === 'put' && !addPut(touched, operation.key)) return null;
  return touched;
}

function addPut({ puts, deletes }: Touched, key: ByteString): boolean {
  if (puts.has(key)) return false;
  for (const { from, to } of deletes) if (to === '' ? key === from : key >= from && key < to) return false;
  puts.add(key);
  return true;
}
