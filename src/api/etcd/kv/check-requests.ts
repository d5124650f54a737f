import type { Operation, PutCommand, TxnCommand } from '../../../ports/command.ts';
import { emptyOperation } from '../../../protocol/etcd/kv/read-txn.ts';
import { checkDistinctPuts } from '../../../state/checks/validate-intervals.ts';
import type { EtcdErrorName } from '../etcd-error.ts';

/** What etcd refuses before it does anything, in its order. Null: nothing. */
export function checkPut(put: PutCommand): EtcdErrorName | null {
  if (put.key.length === 0) return 'keyNotProvided';
  if (put.ignoreValue && put.value.length !== 0) return 'valueProvided';
  if (put.ignoreLease && put.lease !== 0n) return 'leaseProvided';
  return null;
}

export function checkTxn(txn: TxnCommand, mostOperations: number): EtcdErrorName | null {
  const wrong = checkLevel(txn, mostOperations);
  if (wrong !== null) return wrong;
  return checkDistinctPuts(txn) === null ? null : 'duplicateKey';
}

function checkLevel(txn: TxnCommand, mostOperations: number): EtcdErrorName | null {
  const operations = Math.max(txn.compares.length, txn.success.length, txn.failure.length);
  if (operations > mostOperations) return 'tooManyOperations';
  for (const { key } of txn.compares) if (key.length === 0) return 'keyNotProvided';
  for (const branch of [txn.success, txn.failure])
    for (const operation of branch) {
      const wrong = checkOperation(operation, mostOperations - operations);
      if (wrong !== null) return wrong;
    }
  return null;
}

function checkOperation(operation: Operation, mostOperations: number): EtcdErrorName | null {
  // As in etcd, this is the error for a request that is not there.
  if (operation === emptyOperation) return 'keyNotFound';
  switch (operation.kind) {
    case 'put':
      return checkPut(operation);
    case 'txn':
      return checkLevel(operation, mostOperations);
    default:
      return operation.key.length === 0 ? 'keyNotProvided' : null;
  }
}
