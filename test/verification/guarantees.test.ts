import test from 'ava';
import { checkAcknowledged, checkFinalKeys } from '../../src/verification/guarantees/acknowledged.ts';
import { checkLeaseBounds, type LeaseHistory } from '../../src/verification/guarantees/lease-bounds.ts';
import { checkRevisionOrder, type RevisionObservation } from '../../src/verification/guarantees/revisions.ts';
import { checkWatch, type SeenEvent, type SeenWatch } from '../../src/verification/guarantees/watch.ts';
import { type TrueEvent, Truth } from '../../src/verification/truth.ts';
import type { Violations } from '../../src/verification/violation.ts';

const put = (revision: number, key: string, value: string): TrueEvent => ({
  revision,
  type: 'put',
  key,
  value,
});
const gone = (revision: number, key: string): TrueEvent => ({ revision, type: 'delete', key, value: '' });

/** 2: a=1 · 3: a=2, b=1 · 5: b deleted · 6: a=3 */
function truth(): Truth {
  const all = new Truth();
  all.add(2, [put(2, 'a', '1')]);
  all.add(3, [put(3, 'a', '2'), put(3, 'b', '1')]);
  all.add(5, [gone(5, 'b')]);
  all.add(6, [put(6, 'a', '3')]);
  return all;
}

const names = (violations: Violations): string[] => violations.map((each) => each.check);

function watched(batches: readonly [number, ...SeenEvent[]][], fromRevision = 2): string[] {
  const watch: SeenWatch = {
    name: 'w',
    matches: () => true,
    fromRevision,
    batches: batches.map(([revision, ...events]) => ({ revision, events })),
  };
  return names(checkWatch(watch, truth()));
}

const a1: SeenEvent = { ...put(2, 'a', '1'), previous: null };
const a2: SeenEvent = { ...put(3, 'a', '2'), previous: '1' };
const b1: SeenEvent = put(3, 'b', '1');
const bGone: SeenEvent = { ...gone(5, 'b'), previous: '1' };
const a3: SeenEvent = put(6, 'a', '3');

test('truth: by revision and by key', (t) => {
  t.deepEqual(truth().at(4), []);
  t.deepEqual(truth().keyAt('b', 4), put(3, 'b', '1'));
  t.deepEqual(truth().keyAt('b', 9), gone(5, 'b'));
  t.is(truth().keyAt('b', 2), undefined);
  t.is([...truth().between(3, 5)].length, 2);
  t.throws(() => truth().add(6, []));
});

test('a right watch, from the beginning, from the middle, with bookmarks', (t) => {
  t.deepEqual(watched([[2, a1], [3, a2, b1], [6, bGone, a3], [6]]), []);
  t.deepEqual(watched([[4], [6, bGone, a3]], 4), []);
});

test('each broken guarantee of a watch has its name', (t) => {
  t.deepEqual(
    watched([
      [2, a1],
      [5, bGone],
    ]),
    ['watch-reliable', 'watch-reliable'],
  );
  t.deepEqual(
    watched([
      [2, a1],
      [3, a2],
      [3, b1],
    ]),
    ['watch-reliable', 'watch-unique'],
  );
  t.deepEqual(
    watched([
      [2, a1],
      [2, a1],
    ]),
    ['watch-unique'],
  );
  t.deepEqual(watched([[3, a2, b1, a1]]), ['watch-ordered']);
  t.deepEqual(watched([[2, a1], [1]]), ['watch-bookmark']);
  t.deepEqual(watched([[2, a1, a2, b1]]), ['watch-bookmark']);
  t.deepEqual(watched([[2, { ...a1, value: 'x' }]]), ['watch-right']);
  t.deepEqual(watched([[4, a1, a2, b1, put(4, 'z', '')]]), ['watch-right']);
  t.deepEqual(watched([[2, { ...a1, previous: '0' }]]), ['watch-previous']);
  t.deepEqual(watched([[6]]), Array(5).fill('watch-reliable'));
});

const seen = (
  operation: number,
  kind: 'write' | 'read',
  revision: number,
  called: number,
  returned: number,
): RevisionObservation => ({
  operation,
  kind,
  revision,
  called,
  returned,
});

test('revisions respect real time', (t) => {
  t.deepEqual(
    checkRevisionOrder([seen(0, 'write', 3, 0, 5), seen(1, 'write', 2, 1, 2), seen(2, 'read', 3, 6, 7)]),
    [],
  );
  t.deepEqual(names(checkRevisionOrder([seen(0, 'write', 3, 0, 1), seen(1, 'write', 2, 2, 3)])), [
    'revision-order',
  ]);
  t.deepEqual(names(checkRevisionOrder([seen(0, 'write', 3, 0, 1), seen(1, 'read', 2, 2, 3)])), [
    'revision-order',
  ]);
  t.deepEqual(names(checkRevisionOrder([seen(0, 'write', 3, 0, 2), seen(1, 'write', 3, 1, 3)])), [
    'revision-unique',
  ]);
});

test('acknowledged writes are found', (t) => {
  const write = { operation: 1, ...put(3, 'a', '2') };
  t.deepEqual(checkAcknowledged([write], truth()), []);
  t.deepEqual(names(checkAcknowledged([{ ...write, revision: 4 }], truth())), ['acknowledged-found']);
  t.deepEqual(names(checkAcknowledged([{ ...write, value: '9' }], truth())), ['acknowledged-found']);
  const final = (value: string, modRevision: number) => new Map([['a', { value, modRevision }]]);
  const never = () => false;
  t.deepEqual(checkFinalKeys([write], final('2', 3), never), []);
  t.deepEqual(checkFinalKeys([write], final('7', 9), never), []);
  t.deepEqual(names(checkFinalKeys([write], final('1', 2), never)), ['acknowledged-found']);
  t.deepEqual(names(checkFinalKeys([write], new Map(), never)), ['acknowledged-found']);
  t.deepEqual(
    checkFinalKeys([write], new Map(), () => true),
    [],
  );
});

test('leases end neither early nor late', (t) => {
  const bounds = { drift: 0.01, earlyMs: 0, lateMs: 500 };
  const lease: LeaseHistory = {
    lease: '7',
    ttlMs: 1000,
    renewals: [
      { calledMs: 0, returnedMs: 5, ok: true },
      { calledMs: 800, returnedMs: 810, ok: true },
    ],
    goneMs: 1800,
    lastAliveMs: 1700,
    revoked: false,
  };
  t.deepEqual(checkLeaseBounds([lease], bounds), []);
  t.deepEqual(names(checkLeaseBounds([{ ...lease, goneMs: 1700 }], bounds)), ['lease-early']);
  t.deepEqual(checkLeaseBounds([{ ...lease, goneMs: 1700, revoked: true }], bounds), []);
  t.deepEqual(names(checkLeaseBounds([{ ...lease, goneMs: null, lastAliveMs: 2400 }], bounds)), [
    'lease-late',
  ]);
});
