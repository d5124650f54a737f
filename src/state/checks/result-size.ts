import type { KeyValue } from '../../ports/delta.ts';
import type { CommandResult, OperationResult } from '../../ports/result.ts';

/** About what a kept result holds in memory beyond its slot, in bytes. A function of its content alone: replicas agree on it. */
export function resultSize(result: CommandResult | OperationResult): number {
  switch (result.kind) {
    case 'put':
      return result.previous === null ? 0 : sizeOf(result.previous);
    case 'deleteRange':
      return sizeOfAll(result.previous);
    case 'range':
      return sizeOfAll(result.values);
    case 'txn': {
      let size = 32;
      for (const response of result.responses) size += 32 + resultSize(response);
      return size;
    }
    case 'leaseKeepAlive':
      return result.ttlMs.length * 8;
    case 'deferredRange':
      return result.request.key.length + result.request.rangeEnd.length + 128;
    case 'failed':
      return 64 + result.message.length;
    default:
      return 0;
  }
}

function sizeOfAll(values: readonly KeyValue[]): number {
  let size = 32;
  for (const value of values) size += sizeOf(value);
  return size;
}

function sizeOf({ key, value }: KeyValue): number {
  return key.length + value.length + 64;
}
