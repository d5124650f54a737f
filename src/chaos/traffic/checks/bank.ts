import { type BankHistoryEvent, type BankRules, checkBank } from '../../../verification/transactions/bank.ts';
import type { Truth } from '../../../verification/truth.ts';
import type { Verdict } from '../../traffic.ts';
import type { Evidence } from '../part.ts';
import { verdict } from './verdict.ts';

const enoughSnapshots = 10;
const enoughTransfers = 5;

export interface Bank {
  readonly accounts: readonly string[];
  readonly total: number;
  /** The revision at which the accounts were opened. */
  readonly opened: number;
}

/** The sum never changes: in no snapshot that was read, and at no revision of the history. */
export function checkBanks(
  events: readonly BankHistoryEvent[],
  { accounts, total, opened }: Bank,
  { truth, truthLacks }: Pick<Evidence, 'truth' | 'truthLacks'>,
): Verdict {
  const rules: BankRules = { total, accounts, negativeBalances: false };
  const ends = events.flatMap((event) => (event.kind === 'ok' ? [event.output.kind] : []));
  const snapshots = ends.filter((kind) => kind === 'balances').length;
  const transfers = ends.length - snapshots;
  const committed = committedBalances(truth, accounts, opened);
  const looked = `${snapshots} snapshots and ${transfers} transfers, and the sum at ${committed.length / 2} revisions of the history`;
  return verdict('bank', looked, [...checkBank(events, rules), ...checkBank(committed, rules)], {
    lacks: truthLacks,
    enough: snapshots >= enoughSnapshots && transfers >= enoughTransfers,
  });
}

/** The balances after each revision that changed one, as reads whose number is the revision. */
function committedBalances(
  truth: Truth,
  accounts: readonly string[],
  opened: number,
): readonly BankHistoryEvent[] {
  const known = new Set(accounts);
  const events: BankHistoryEvent[] = [];
  for (const changed of truth.between(opened, Number.POSITIVE_INFINITY)) {
    const at = changed.find(({ key }) => known.has(key))?.revision;
    if (at === undefined) continue;
    const balances = new Map(
      accounts.map((account) => {
        const event = truth.keyAt(account, at);
        return [account, event?.type === 'put' ? balanceIn(event.value) : null];
      }),
    );
    events.push(
      { kind: 'invoke', operation: at, caller: 'the history', input: { kind: 'read' } },
      { kind: 'ok', operation: at, output: { kind: 'balances', balances } },
    );
  }
  return events;
}

/** A balance, and what makes the value unlike every other. */
export function balanceIn(value: string): number {
  return Number(value.split(' ')[0]);
}
