import test from 'ava';
import { Observations } from '../../../src/node/prediction/observations.ts';
import { ReadyTable } from '../../../src/node/prediction/ready-table.ts';
import { type TrackedKey, TrackedKeys } from '../../../src/node/prediction/tracked-keys.ts';
import { defaultPredictPolicy as policy } from '../../../src/ports/prediction.ts';
import { rowLength, writeRow } from '../../../src/prediction/online/table-row.ts';
import { b } from '../../state/commands.ts';

const tracks = (most = 4): TrackedKeys => new TrackedKeys(most, Number.POSITIVE_INFINITY, () => {});
const idOf = (tracked: TrackedKey | null): number => tracked!.fields[0]!.id;

test('the number of a series that ended is no other’s before the predictor answered the batch that told of it', (t) => {
  const keys = tracks();
  const first = idOf(keys.track('user', b('a'), policy));
  keys.takeChanges();
  keys.answered(true);
  keys.forget('user', b('a'));
  t.not(idOf(keys.track('user', b('b'), policy)), first, 'not told of');
  t.deepEqual(keys.takeChanges().forgotten, [first]);
  t.not(idOf(keys.track('user', b('c'), policy)), first, 'told of, under way');
  keys.answered(true);
  t.is(idOf(keys.track('user', b('d'), policy)), first);
});

test('a batch that the predictor did not take is told of again, and a new predictor has nothing to be told', (t) => {
  const keys = tracks();
  const first = idOf(keys.track('user', b('a'), policy));
  keys.takeChanges();
  keys.answered(true);
  keys.forget('user', b('a'));
  t.deepEqual(keys.takeChanges().forgotten, [first]);
  keys.answered(false);
  t.deepEqual(keys.takeChanges().forgotten, [first]);
  keys.predictorLost();
  t.deepEqual(keys.takeChanges().forgotten, []);
  t.is(idOf(keys.track('user', b('b'), policy)), first);
});

test('keys that come and go, told of or not, take no more numbers than there is room for', (t) => {
  const keys = tracks(2);
  for (let i = 0; i < 100; i++) {
    for (const name of ['a', 'b']) t.true((keys.track('user', b(name), policy)?.fields[0]?.id ?? 0) < 4);
    if (i % 3 === 0) keys.takeChanges();
    for (const name of ['a', 'b']) keys.forget('user', b(name));
    if (i % 5 === 0) keys.takeChanges();
    keys.answered(i % 2 === 0);
  }
  t.is(keys.seriesCount, 0);
});

test('values of a key that is forgotten are nobody else’s', (t) => {
  const keys = tracks();
  const observations = new Observations((id) => keys.withSeries(id));
  const gone = keys.track('user', b('a'), policy)!;
  observations.add(gone, 1000, b('7'), 1);
  keys.forget('user', b('a'));
  const there = keys.track('user', b('b'), policy)!;
  t.is(idOf(there), idOf(gone), 'the predictor had not heard of it');
  observations.add(there, 2000, b('8'), 2);
  t.deepEqual([...observations.take(() => true)], [idOf(there), 2000, 8, 2]);
});

test('a row that comes for a series that ended is left out', (t) => {
  const table = new ReadyTable();
  const rows = new Float64Array(2 * rowLength(1));
  for (const [i, id] of [3, 4].entries())
    writeRow(rows, i * rowLength(1), {
      header: { id, horizon: 1 },
      mean: [1],
      lower: [0],
      upper: [2],
      confidence: () => 1,
    } as unknown as Parameters<typeof writeRow>[2]);
  t.deepEqual(
    table.take(rows, [], (id) => id === 4),
    [4],
  );
  t.is(table.row(3), null);
});

test('what was asked for long ago counts for less than what is asked for now', (t) => {
  const keys = tracks();
  const [old, now] = ['a', 'b'].map((name) => keys.track('user', b(name), policy)!);
  for (let i = 0; i < 64; i++) keys.used(old!);
  keys.takeChanges();
  for (let i = 0; i < 6; i++) keys.fade();
  keys.used(now!);
  keys.used(now!);
  const values = new Map(keys.takeChanges().defined.map(({ id, value }) => [id, value]));
  t.is(values.get(idOf(old!)), 2);
  t.is(values.get(idOf(now!)), 3);
  for (let i = 0; i < 3; i++) keys.fade();
  keys.takeChanges();
  keys.fade();
  t.deepEqual(keys.takeChanges().defined, [], 'what nobody asks for is told of no more');
});
