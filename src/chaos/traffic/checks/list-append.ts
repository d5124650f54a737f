import { checkListAppend } from '../../../verification/transactions/list-append.ts';
import type { ListHistoryEvent } from '../../../verification/transactions/transaction.ts';
import type { Verdict } from '../../traffic.ts';
import type { Evidence } from '../part.ts';
import { verdict } from './verdict.ts';

const enoughTransactions = 20;

/** Strictly serializable, as far as the lists show it. */
export function checkLists(
  events: readonly ListHistoryEvent[],
  { nowMs, giveUpMs }: Pick<Evidence, 'nowMs' | 'giveUpMs'>,
): Verdict {
  const { anomalies, transactions, reason } = checkListAppend(events, {
    shouldStop: () => nowMs() > giveUpMs,
  });
  const committed = events.filter(({ kind }) => kind === 'ok').length;
  return verdict('list-append', `${transactions} transactions, ${committed} committed`, anomalies, {
    lacks: reason,
    enough: committed >= enoughTransactions,
  });
}
