import type { HistoryStore } from '../ports/image-store.ts';
import type { CommandResult, OperationResult, TxnResult } from '../ports/result.ts';
import { completeRange, type StateMachine } from '../state/state-machine.ts';

/** Fills in the ranges at older revisions that transactions asked for: apply reads no history, whoever replies does. */
export async function completeResults(
  results: readonly CommandResult[],
  state: StateMachine,
  history: HistoryStore,
): Promise<readonly CommandResult[]> {
  return Promise.all(
    results.map((result) => (result.kind === 'txn' ? completeTxn(result, state, history) : result)),
  );
}

async function completeTxn(
  txn: TxnResult,
  state: StateMachine,
  history: HistoryStore,
): Promise<CommandResult> {
  const responses: OperationResult[] = [];
  for (const response of txn.responses) {
    if (response.kind === 'deferredRange') {
      const answer = state.range(response.request);
      const range = answer.kind === 'needsHistory' ? await completeRange(answer, history) : answer;
      if (range.kind === 'failed') return applied(range.message);
      responses.push({ ...range, revision: response.revision });
    } else if (response.kind === 'txn') {
      const nested = await completeTxn(response, state, history);
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
