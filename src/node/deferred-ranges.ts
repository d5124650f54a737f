import type { CommandResult, OperationResult, TxnResult } from '../ports/result.ts';
import type { RangeReader } from './range-reader.ts';

/** Fills in the ranges at older revisions that transactions asked for: apply reads no history, whoever replies does. */
export async function completeResults(
  results: readonly CommandResult[],
  reader: RangeReader,
): Promise<readonly CommandResult[]> {
  return Promise.all(results.map((result) => (result.kind === 'txn' ? completeTxn(result, reader) : result)));
}

async function completeTxn(txn: TxnResult, reader: RangeReader): Promise<CommandResult> {
  const responses: OperationResult[] = [];
  for (const response of txn.responses) {
    if (response.kind === 'deferredRange') {
      const range = await reader.read(response.request);
      if (range.kind === 'failed') return applied(range.message);
      responses.push({ ...range, revision: response.revision });
    } else if (response.kind === 'txn') {
      const nested = await completeTxn(response, reader);
      if (nested.kind !== 'txn') return nested;
      responses.push(nested);
    } else {
      responses.push(response);
    }
  }
  return { ...txn, responses };
}

/** A compaction overtook the read. The transaction has been applied all the same, so it must not look as if it had failed. */
function applied(why: string): CommandResult {
  const message = `the transaction was applied, but what it read at an older revision is gone: ${why}`;
  return { kind: 'failed', code: 'indeterminate', message };
}
