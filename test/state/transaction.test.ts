import test from 'ava';
import { revision } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import type { Operation } from '../../src/ports/command.ts';
import { validateCommand } from '../../src/state/checks/validate.ts';
import { createStateMachine } from '../../src/state/state-machine.ts';
import { b, del, grant, Log, lease, numberIs, put, range, txn, valueIs } from './commands.ts';

const fresh = (): Log => new Log(createStateMachine({ limits }));

test('all changes of a transaction have one revision; reads see the earlier ones', (t) => {
  const log = fresh();
  const result = log.one(txn([], [range('a'), put('a', '1'), range('a'), put('b', '2'), del('a')]));
  if (result.kind !== 'txn') return t.fail(result.kind);
  t.is(result.revision, revision(2));
  t.like(result.responses[0], { kind: 'range', revision: 1, count: 0 });
  t.like(result.responses[2], { kind: 'range', revision: 2, count: 1 });
  t.like(result.responses[4], { kind: 'deleteRange', revision: 2, deleted: 1 });
  const deltas = log.state.takeDeltas();
  t.deepEqual(
    deltas.map(({ op, key, revision, sub }) => [op, key, revision, sub]),
    [
      ['put', b('a'), revision(2), 0],
      ['put', b('b'), revision(2), 1],
      ['delete', b('a'), revision(2), 2],
    ],
  );
});

test('a transaction that only reads is no revision', (t) => {
  const log = fresh();
  t.like(log.one(txn([], [range('a'), del('a')])), { kind: 'txn', revision: 1 });
  t.is(log.state.takeDeltas().length, 0);
});

test('compares of nested transactions judge the state before the outermost one', (t) => {
  const log = fresh();
  const inner = txn([numberIs('a', 'version', 'equal', 1)], [put('seen', 'yes')], [put('seen', 'no')]);
  const result = log.one(txn([], [put('a', '1'), inner]));
  t.like(result, { responses: [{ kind: 'put' }, { kind: 'txn', succeeded: false }] });
  t.like(log.state.range(range('seen')), { values: [{ value: b('no') }] });
});

test('compares: absent keys have zeroes and no value; over a range every key must pass', (t) => {
  const log = fresh();
  log.apply(put('k1', 'v'), put('k2', 'v'), put('k2', 'v'));
  const holds = (compare: Parameters<typeof txn>[0][number]): boolean => {
    const result = log.one(txn([compare], []));
    return result.kind === 'txn' && result.succeeded;
  };
  t.true(holds(numberIs('none', 'create', 'equal', 0)));
  t.true(holds(numberIs('none', 'version', 'less', 1)));
  t.false(holds(valueIs('none', '')));
  t.false(holds({ ...valueIs('none', 'v'), result: 'notEqual' } as never));
  t.true(holds(valueIs('k', 'v', 'l')));
  t.false(holds(numberIs('k', 'version', 'equal', 1, 'l')));
  t.true(holds(numberIs('k', 'version', 'greater', 0, 'l')));
  t.true(holds({ key: b('k1'), rangeEnd: b(''), result: 'equal', target: 'lease', ...lease(0n) }));
});

test('what fails on the chosen path keeps all of the transaction from happening', (t) => {
  const log = fresh();
  log.one(put('a', '1'));
  const failures: readonly [Operation, string][] = [
    [put('x', '', lease(9n)), 'lease-not-found'],
    [put('x', '', { ignoreValue: true }), 'key-not-found'],
    [range('a', '', { revision: revision(3) }), 'revision-future'],
    [txn([], [put('y', '', { ignoreLease: true })]), 'key-not-found'],
  ];
  for (const [operation, code] of failures) {
    t.like(log.one(txn([], [put('a', '2'), operation])), { kind: 'failed', code });
    t.like(log.one(txn([valueIs('a', 'other')], [operation])), { kind: 'txn', succeeded: false });
  }
  t.is(log.state.revision('user'), revision(2));
});

test('a read of an older revision in a transaction is left to the node', (t) => {
  const log = fresh();
  log.apply(put('a', '1'), put('a', '2'));
  const request = range('a', '', { revision: revision(2) });
  t.like(log.one(txn([], [put('b', ''), request])), {
    responses: [{ kind: 'put' }, { kind: 'deferredRange', revision: 4, request }],
  });
});

test('ignoreValue and ignoreLease keep what is there', (t) => {
  const log = fresh();
  log.apply(grant(7n, 5000), put('a', '1', lease(7n)));
  log.one(put('a', '2', { ignoreLease: true }));
  t.like(log.state.range(range('a')), { values: [{ value: b('2'), lease: 7n, version: 2 }] });
  log.one(put('a', '', { ignoreValue: true, previous: true }));
  t.like(log.state.range(range('a')), { values: [{ value: b('2'), lease: 0n, version: 3 }] });
});

test('delete and put of a key in one revision, which etcd lets pass beyond an unbounded delete', (t) => {
  const log = fresh();
  log.one(put('b', '1'));
  const both = txn([], [del('a', '\0'), put('b', '2')]);
  t.is(validateCommand(both, limits), null);
  log.one(both);
  t.like(log.state.range(range('b')), {
    revision: 3,
    values: [{ createRevision: 3, modRevision: 3, version: 1, value: b('2') }],
  });
  t.like(log.state.range(range('b', '', { revision: revision(3) })), { count: 1 });
  log.one(del('b'));
  t.like(log.state.range(range('b', '', { revision: revision(4) })), { count: 0 });
});

test('what one command may look at or delete is bounded, and refused before anything is changed', (t) => {
  const log = new Log(createStateMachine({ limits, bounds: { keysPerCommand: 3 } }));
  log.apply(put('a', ''), put('b', ''), put('c', ''), put('d', ''));
  const before = log.state.digest('user');
  t.like(log.one(del('a', '\0')), { kind: 'failed', code: 'range-too-large' });
  const tooMuch = [
    txn([], [put('x', ''), del('a', '\0')]),
    txn([], [put('x', ''), range('a', '\0')]),
    txn([valueIs('a', '', '\0')], [put('x', '')]),
    txn([], [put('x', ''), txn([], [del('a', 'c'), del('c', '\0')])]),
  ];
  for (const each of tooMuch) t.like(log.one(each), { code: 'transaction-too-large' });
  t.is(log.state.digest('user'), before);
  t.like(log.one(txn([], [range('a', '\0', { limit: 2 })])), { kind: 'txn' });
  t.like(log.one(txn([], [range('a', '\0', { countOnly: true })])), { kind: 'txn' });
  t.like(log.one(del('a', 'd')), { deleted: 3 });
});

test('thousands of keys deleted at once leave the order of keys and the history as one by one', (t) => {
  const logs = [fresh(), fresh()] as const;
  const names = Array.from({ length: 5000 }, (_, i) => `k${(i * 7919) % 5000}`);
  for (const log of logs) log.apply(...names.map((each) => put(each, '')));
  logs[0].apply(del('k1', 'k4'));
  for (const each of [...names].sort().filter((key) => key >= 'k1' && key < 'k4')) logs[1].apply(del(each));
  for (const log of logs) log.apply(...names.slice(0, 1000).map((each) => put(each, 'again')));
  const [all, single] = logs.map(({ state }) => state.range(range('k', '\0', { keysOnly: true })));
  t.true(all?.kind === 'range' && single?.kind === 'range');
  if (all?.kind !== 'range' || single?.kind !== 'range') return;
  t.deepEqual(
    all.values.map(({ key }) => key),
    single.values.map(({ key }) => key),
  );
  t.is(all.count, single.count);
});

test('one that only reads answers outside the log what it would answer in it', (t) => {
  const log = fresh();
  log.one(put('a', '1'));
  log.one(put('b', '2'));
  const inner = txn([valueIs('b', 'equal', '2')], [range('a', 'c')], [range('b')]);
  const old = range('a', '', { revision: revision(2) });
  for (const reading of [
    txn([numberIs('a', 'version', 'equal', 1)], [range('a'), inner, old], [range('b')]),
    txn([numberIs('a', 'version', 'equal', 9)], [], [range('a', 'c', { countOnly: true })]),
    txn([], [range('a', '', { revision: revision(99) })]),
  ])
    t.deepEqual(log.state.readTxn(reading), log.one(reading));
  t.is(log.state.takeDeltas().length, 2);
  t.throws(() => log.state.readTxn(txn([], [inner, txn([], [put('a', '1')])])), { message: /in the log/ });
});

test('one that looks at too much for a turn is left to the log', (t) => {
  const log = fresh();
  for (let i = 0; i < 2100; i++) log.one(put(`k${i}`, ''));
  t.is(log.state.readTxn(txn([], [range('k', 'l')])), null);
  t.like(log.state.readTxn(txn([], [range('k', 'l', { limit: 10 })])), { kind: 'txn' });
});
