import { type ErrorCode, TanistError } from '../../foundation/errors.ts';
import { limits } from '../../foundation/limits.ts';
import type { Command, RangeRequest } from '../../ports/command.ts';

/** The largest command or read that is sent: a batch of it alone fits into an entry of the log. */
const largestBytes = limits.entryBytes - 1024;

/** Why what has so many bytes can never be sent; null: it can. */
export function refusalOfSize(of: Command | RangeRequest, sizeBytes: number): TanistError | null {
  if (sizeBytes <= largestBytes) return null;
  return new TanistError(codeOf(of), `${sizeBytes} bytes; at most ${largestBytes} fit into a command`);
}

function codeOf(of: Command | RangeRequest): ErrorCode {
  switch (of.kind) {
    case 'put':
      return of.key.length > of.value.length ? 'key-too-large' : 'value-too-large';
    case 'txn':
      return 'transaction-too-large';
    case 'range':
    case 'deleteRange':
    case 'setPolicy':
    case 'removePolicy':
      return 'key-too-large';
    default:
      return 'invalid-argument';
  }
}
