import type { Truth } from '../../../verification/truth.ts';
import type { Violation } from '../../../verification/violation.ts';
import type { Verdict } from '../../traffic.ts';
import { verdict } from './verdict.ts';

const enoughSnapshots = 10;
const enoughTransfers = 5;

/** All balances at one revision. */
export interface BankSnapshot {
  readonly revision: number;
  readonly how: string;
  readonly balances: readonly { readonly account: string; readonly balance: number }[];
}

export interface BankRecord {
  readonly snapshots: readonly BankSnapshot[];
  readonly accounts: readonly string[];
  readonly total: number;
  readonly transfers: number;
  readonly truth: Truth;
  /** The revision at which the accounts were opened. */
  readonly opened: number;
  readonly truthLacks: string | null;
}

/** The sum never changes, in no snapshot that was read and at no revision of the history; no balance is below zero. */
export function checkBankSnapshots(record: BankRecord): Verdict {
  const { snapshots, accounts, total, transfers, truth, opened, truthLacks } = record;
  const violations: Violation[] = snapshots.flatMap((snapshot) =>
    wrongIn(snapshot.balances, accounts.length, total).map((detail) => ({
      check: 'bank-sum',
      detail: `read by ${snapshot.how} at revision ${snapshot.revision}: ${detail}`,
    })),
  );
  const known = new Set(accounts);
  let revisions = 0;
  for (const events of truth.between(opened, Number.POSITIVE_INFINITY)) {
    const touched = events.filter(({ key }) => known.has(key));
    const at = touched[0]?.revision;
    if (at === undefined) continue;
    revisions++;
    const balances = accounts.flatMap((account) => {
      const event = truth.keyAt(account, at);
      return event?.type === 'put' ? [{ account, balance: Number(event.value.split(' ')[0]) }] : [];
    });
    for (const detail of wrongIn(balances, accounts.length, total))
      violations.push({ check: 'bank-sum', detail: `in the history at revision ${at}: ${detail}` });
  }
  const looked = `${snapshots.length} snapshots and ${revisions} revisions of ${transfers} transfers`;
  return verdict('bank', looked, violations, {
    lacks: truthLacks,
    enough: snapshots.length >= enoughSnapshots && transfers >= enoughTransfers,
  });
}

function wrongIn(
  balances: readonly { readonly account: string; readonly balance: number }[],
  accounts: number,
  total: number,
): readonly string[] {
  const sum = balances.reduce((all, { balance }) => all + balance, 0);
  const wrong: string[] = [];
  if (balances.length !== accounts) wrong.push(`${balances.length} accounts, there are ${accounts}`);
  if (sum !== total) wrong.push(`the sum is ${sum}, not ${total}`);
  for (const { account, balance } of balances) if (!(balance >= 0)) wrong.push(`${account} has ${balance}`);
  return wrong;
}
