import test from 'ava';
import { checkLeaseBounds, type LeaseHistory } from '../../src/verification/guarantees/lease-bounds.ts';
import { checkPastStates, type DatedRead } from '../../src/verification/guarantees/past-states.ts';
import { checkFencedUses, checkLock, type LockHold } from '../../src/verification/locks/lock.ts';
import {
  type BankHistoryEvent,
  type BankRules,
  checkBank,
} from '../../src/verification/transactions/bank.ts';
import { Truth } from '../../src/verification/truth.ts';
import type { Violations } from '../../src/verification/violation.ts';

const names = (violations: Violations): readonly string[] => violations.map((each) => each.check);

function reads(...all: readonly Readonly<Record<string, number | null>>[]): readonly BankHistoryEvent[] {
  return all.flatMap((balances, operation): BankHistoryEvent[] => [
    { kind: 'invoke', operation, caller: 'c', input: { kind: 'read' } },
    { kind: 'ok', operation, output: { kind: 'balances', balances: new Map(Object.entries(balances)) } },
  ]);
}

const rules: BankRules = { total: 20, accounts: ['a', 'b'], negativeBalances: false };

test('bank: every snapshot has the sum', (t) => {
  t.deepEqual(checkBank(reads({ a: 10, b: 10 }, { a: 0, b: 20 }), rules), []);
  const [wrong] = checkBank(reads({ a: 10, b: 10 }, { a: 5, b: 10 }), rules);
  t.deepEqual(wrong, {
    check: 'bank-sum',
    detail: 'read 1 of c: the sum is 15, 5 less than 20; it saw a=5 b=10',
  });
});

test('bank: accounts that are missing or unknown, balances below zero', (t) => {
  t.deepEqual(names(checkBank(reads({ a: 20 }), rules)), ['bank-missing']);
  t.deepEqual(names(checkBank(reads({ a: 20, b: null }), rules)), ['bank-missing']);
  t.deepEqual(names(checkBank(reads({ a: 10, b: 5, c: 5 }), rules)), ['bank-unexpected']);
  t.deepEqual(names(checkBank(reads({ a: -5, b: 25 }), rules)), ['bank-negative']);
  t.deepEqual(checkBank(reads({ a: -5, b: 25 }), { ...rules, negativeBalances: true }), []);
});

test('bank: without rules the first read gives them; reads of unknown outcome say nothing', (t) => {
  const open = { total: null, accounts: null, negativeBalances: false };
  t.deepEqual(names(checkBank(reads({ a: 1, b: 2 }, { a: 2, b: 1 }, { a: 2, b: 2 }), open)), ['bank-sum']);
  const lost: BankHistoryEvent[] = [
    { kind: 'invoke', operation: 0, caller: 'c', input: { kind: 'read' } },
    { kind: 'indeterminate', operation: 0 },
    { kind: 'invoke', operation: 1, caller: 'c', input: { kind: 'transfer', from: 'a', to: 'b', amount: 1 } },
    { kind: 'ok', operation: 1, output: { kind: 'transferred' } },
  ];
  t.deepEqual(checkBank(lost, rules), []);
});

const bounds = { drift: 0, earlyMs: 0 };
const hold = (holder: string, acquiredMs: number, more: Partial<LockHold> = {}): LockHold => ({
  lock: 'l',
  holder,
  calledMs: acquiredMs - 5,
  acquiredMs,
  token: null,
  releaseCalledMs: null,
  lostMs: null,
  lease: null,
  ...more,
});

test('lock: two holders at one time', (t) => {
  const a = hold('a', 10, { releaseCalledMs: 20 });
  t.deepEqual(
    checkLock([a, hold('b', 21)], () => bounds),
    [],
  );
  t.deepEqual(names(checkLock([a, hold('b', 19)], () => bounds)), ['lock-exclusion']);
  t.deepEqual(
    checkLock([a, hold('b', 19, { lock: 'm' })], () => bounds),
    [],
  );
  t.deepEqual(
    names(checkLock([hold('a', 10), hold('b', 11, { releaseCalledMs: 12 }), hold('c', 90)], () => bounds)),
    ['lock-exclusion', 'lock-exclusion'],
  );
});

test('lock: a holder is sure of it only as long as its lease can not end', (t) => {
  const a = hold('a', 10, { lease: { ttlMs: 100, renewedMs: [5, 50] } });
  t.deepEqual(
    checkLock([a, hold('b', 151)], () => bounds),
    [],
  );
  t.deepEqual(names(checkLock([a, hold('b', 149)], () => bounds)), ['lock-exclusion']);
  t.deepEqual(
    checkLock([a, hold('b', 149)], () => ({ drift: 0.01, earlyMs: 1 })),
    [],
  );
  t.deepEqual(
    checkLock([{ ...a, lostMs: 140 }, hold('b', 149)], () => bounds),
    [],
  );
  const late = hold('a', 200, { calledMs: 5, lease: { ttlMs: 100, renewedMs: [5] } });
  t.deepEqual(
    checkLock([late, hold('b', 201)], () => bounds),
    [],
    'it was over before it heard of it',
  );
});

test('lock: fencing tokens grow and are given once', (t) => {
  const a = hold('a', 10, { token: 7, releaseCalledMs: 20 });
  t.deepEqual(
    checkLock([a, hold('b', 30, { token: 8 })], () => bounds),
    [],
  );
  t.deepEqual(names(checkLock([a, hold('b', 30, { token: 6 })], () => bounds)), ['lock-token-order']);
  t.deepEqual(names(checkLock([a, hold('b', 30, { token: 7 })], () => bounds)), ['lock-token-unique']);
  t.deepEqual(
    checkLock([a, hold('b', 21, { token: 6, calledMs: 9 })], () => bounds),
    [],
    'asked for at the same time',
  );
});

test('lock: what is fenced takes no older token', (t) => {
  const use = (token: number) => ({ resource: 'disk', holder: `h${token}`, token });
  t.deepEqual(checkFencedUses([use(1), use(1), use(4)]), []);
  t.deepEqual(names(checkFencedUses([use(1), use(4), use(3), use(4)])), ['lock-fenced']);
});

test('lease: what is gone stays gone; while the cluster stands still nothing expires', (t) => {
  const lease: LeaseHistory = {
    lease: '7',
    ttlMs: 1000,
    renewals: [{ calledMs: 0, returnedMs: 5, ok: true }],
    goneMs: 1100,
    lastAliveMs: 900,
    revoked: false,
  };
  const allowed = { drift: 0, earlyMs: 0, lateMs: 100 };
  t.deepEqual(checkLeaseBounds([lease], allowed), []);
  const raised = [...lease.renewals, { calledMs: 1200, returnedMs: 1210, ok: true }];
  t.deepEqual(names(checkLeaseBounds([{ ...lease, renewals: raised }], allowed)), ['lease-raised']);
  t.deepEqual(names(checkLeaseBounds([{ ...lease, lastAliveMs: 1101 }], allowed)), ['lease-raised']);
  const late = { ...lease, goneMs: null, lastAliveMs: 1300 };
  t.deepEqual(names(checkLeaseBounds([late], allowed)), ['lease-late']);
  t.deepEqual(checkLeaseBounds([late], { ...allowed, stalls: [{ fromMs: 500, toMs: 700 }] }), []);
  t.deepEqual(names(checkLeaseBounds([late], { ...allowed, stalls: [{ fromMs: 1250, toMs: 1500 }] })), [
    'lease-late',
  ]);
});

test('dated reads are the whole state at their revision', (t) => {
  const truth = new Truth();
  truth.add(2, [{ revision: 2, type: 'put', key: 'a', value: '1' }]);
  truth.add(3, [{ revision: 3, type: 'put', key: 'b', value: '1' }]);
  truth.add(4, [{ revision: 4, type: 'delete', key: 'a', value: '' }]);
  const check = (
    revision: number,
    ...found: readonly [string, string, number | null][]
  ): readonly string[] => {
    const read: DatedRead = {
      operation: 1,
      revision,
      matches: (key) => key < 'c',
      found: found.map(([key, value, modRevision]) => ({ key, value, modRevision })),
    };
    return checkPastStates([read], truth).map((each) => each.detail.replace(/.*?: /, ''));
  };
  t.deepEqual(check(2, ['a', '1', 2]), []);
  t.deepEqual(check(3, ['a', '1', null], ['b', '1', 3]), []);
  t.deepEqual(check(4, ['b', '1', 3]), []);
  t.deepEqual(check(3, ['a', '2', null], ['b', '1', 3]), ['a=2 was 1 @2']);
  t.deepEqual(check(3, ['a', '1', 3], ['b', '1', 3]), ['a=1 @3 was 1 @2']);
  t.deepEqual(check(4, ['a', '1', 2], ['b', '1', 3]), ['a=1 @2 was absent']);
  t.deepEqual(check(3, ['b', '1', 3]), ['a was 1 @2, and is missing']);
  t.deepEqual(check(3, ['a', '1', 2], ['b', '1', 3], ['c', '1', 3]), ['c=1 @3 was not asked for']);
  t.deepEqual(check(5), ['the last revision is 4']);
});
