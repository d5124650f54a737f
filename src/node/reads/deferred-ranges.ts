import { asError, TanistError } from '../../foundation/errors.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type {
  CommandResult,
  FailedResult,
  OperationResult,
  RangeResult,
  TxnResult,
} from '../../ports/result.ts';

export type ReadRange = (request: RangeRequest) => Promise<RangeResult | FailedResult>;

/**
 * Fills in the ranges at older revisions that transactions asked for: apply reads no history, whoever replies does. Each transaction succeeds or
 * fails for itself: what else is in the batch must not pay for a range that cannot be read.
 */
export async function completeResults(
  results: readonly CommandResult[],
  read: ReadRange,
): Promise<readonly CommandResult[]> {
  return Promise.all(
    results.map((result) => (result.kind === 'txn' ? completeOrTell(result, read) : result)),
  );
}

/** The transaction has been applied, whatever can be read of it: it must not look as if it had failed. */
async function completeOrTell(txn: TxnResult, read: ReadRange): Promise<CommandResult> {
  try {
    return await completeTxn(txn, read);
  } catch (error) {
    const message = `the transaction was applied, but what it read at an older revision is not to be had: ${asError(error).message}`;
    return { kind: 'failed', code: 'indeterminate', message };
  }
}

/** Fails as the first range that cannot be read. */
export async function completeTxn(txn: TxnResult, read: ReadRange): Promise<TxnResult> {
  const responses: OperationResult[] = [];
  for (const response of txn.responses) {
    if (response.kind === 'deferredRange') {
      const range = await read(response.request);
      if (range.kind === 'failed') throw new TanistError(range.code, range.message);
      responses.push({ ...range, revision: response.revision });
    } else if (response.kind === 'txn') {
      responses.push(await completeTxn(response, read));
    } else {
      responses.push(response);
    }
  }
  return { ...txn, responses };
}
