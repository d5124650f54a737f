import { type HistoryEvent, operationsOf } from '../history.ts';
import type { Violation, Violations } from '../violation.ts';

export type BankInput =
  | { readonly kind: 'read' }
  | { readonly kind: 'transfer'; readonly from: string; readonly to: string; readonly amount: number };

/** Balances by account of a read, all in one snapshot; null: the account was not there. Of a transfer nothing. */
export type BankOutput =
  | { readonly kind: 'balances'; readonly balances: ReadonlyMap<string, number | null> }
  | { readonly kind: 'transferred' };

export type BankHistoryEvent = HistoryEvent<BankInput, BankOutput>;

export interface BankRules {
  /** What all accounts together hold, always. Null: what the first read that has every account says. */
  readonly total: number | null;
  /** Each read has exactly these; null: those of the first read. */
  readonly accounts: readonly string[] | null;
  readonly negativeBalances: boolean;
}

/** A transfer moves money and makes none: every snapshot has the same sum (Jepsen's bank test). */
export function checkBank(events: readonly BankHistoryEvent[], rules: BankRules): Violations {
  const violations: Violation[] = [];
  let { total } = rules;
  let accounts = rules.accounts === null ? null : new Set(rules.accounts);
  const reads = operationsOf(events).toSorted((a, b) => a.returned - b.returned);
  for (const { id, caller, output } of reads) {
    if (output?.kind !== 'balances') continue;
    const { balances } = output;
    const report = (check: string, detail: string): void => {
      violations.push({ check, detail: `read ${id} of ${caller}: ${detail}; it saw ${show(balances)}` });
    };
    accounts ??= new Set(balances.keys());
    const missing = [...accounts].filter((each) => (balances.get(each) ?? null) === null);
    const strange = [...balances.keys()].filter((each) => !accounts?.has(each));
    if (missing.length > 0) report('bank-missing', `no balance of ${missing.join(', ')}`);
    if (strange.length > 0) report('bank-unexpected', `nobody knows ${strange.join(', ')}`);
    let sum = 0;
    for (const [account, balance] of balances) {
      sum += balance ?? 0;
      if (!rules.negativeBalances && (balance ?? 0) < 0)
        report('bank-negative', `${account} holds ${balance}`);
    }
    if (missing.length > 0 || strange.length > 0) continue;
    total ??= sum;
    if (sum !== total)
      report(
        'bank-sum',
        `the sum is ${sum}, ${Math.abs(sum - total)} ${sum < total ? 'less' : 'more'} than ${total}`,
      );
  }
  return violations;
}

function show(balances: ReadonlyMap<string, number | null>): string {
  return [...balances].map(([account, balance]) => `${account}=${balance ?? '?'}`).join(' ');
}
