import test from 'ava';
import { predictionReadings } from '../../../../src/api/metrics/prediction-readings.ts';
import type { Scrape } from '../../../../src/api/metrics/reading.ts';
import { nodeId } from '../../../../src/foundation/ids.ts';
import { Behaviour } from '../../../../src/node/prediction/behaviour/behaviour.ts';
import { UsageBook } from '../../../../src/node/prediction/behaviour/usage-book.ts';
import type { Clock } from '../../../../src/ports/clock.ts';
import type { StateDelta } from '../../../../src/ports/delta.ts';
import { b } from '../../../state/commands.ts';

const usage = () => ({ cpu: 0.5, memoryBytes: 1, networkBytesPerSecond: 2, diskBytesPerSecond: null });

const idsIn = (rows: readonly number[]): number[] => rows.filter((_, i) => i % 4 === 0).sort((x, y) => x - y);
/** Time and value of each row of a series. */
const rowsOf = (rows: readonly number[], id: number): number[][] =>
  rows.flatMap((each, i) => (i % 4 === 0 && each === id ? [[rows[i + 1]!, rows[i + 2]!]] : []));
const delta = (key: string, timeMs: number, space: 'user' | 'planes' = 'user'): StateDelta =>
  ({ space, op: 'put', key: b(key), value: b('12'), timeMs }) as unknown as StateDelta;

test('series keep their numbers when prefixes come and go, and no number is given twice', (t) => {
  const behaviour = new Behaviour({ usage, members: () => [] });
  const idsOf = () => new Map(behaviour.series.map(({ name, id }) => [name, id]));
  behaviour.setPrefixes([b('a/')]);
  const before = idsOf();
  t.is(behaviour.take(1000, 1000).defined.length, 6);
  behaviour.setPrefixes([b('a/'), b('longer/')]);
  t.is(idsOf().get('operations/a//rate'), before.get('operations/a//rate'));
  const added = behaviour.take(2000, 2000);
  t.deepEqual(
    added.defined.map(({ name }) => name),
    ['operations/longer//rate', 'operations/longer//bytes'],
  );
  t.deepEqual(added.forgotten, []);
  const gone = idsOf().get('operations/longer//rate')!;
  t.true(behaviour.setPrefixes([b('a/'), b('other/')]).includes(gone));
  t.false(behaviour.has(gone));
  t.false([...idsOf().values()].includes(gone));
  t.true(behaviour.take(3000, 3000).forgotten.includes(gone));
  behaviour.take(4000, 4000);
  t.deepEqual(
    idsIn(behaviour.take(5000, 5000).rows),
    behaviour.series
      .filter(({ name }) => name !== 'node/disk')
      .map(({ id }) => id)
      .sort((x, y) => x - y),
  );
});

test('the names are made once, not for each who asks', (t) => {
  const behaviour = new Behaviour({ usage, members: () => [] });
  behaviour.setPrefixes([b('a/')]);
  t.is(behaviour.series, behaviour.series);
});

test('one scrape asks for the status once, and the next one anew', (t) => {
  let asked = 0;
  const prediction = {
    status: () => {
      asked++;
      return { state: 'running', keys: asked, met: { count: 0 } };
    },
  };
  const scrape = (): unknown[] => {
    const one = { node: { prediction } } as unknown as Scrape;
    return predictionReadings.flatMap(({ read }) => read(one));
  };
  t.deepEqual(scrape()[1], [{}, 1]);
  t.is(asked, 1);
  t.deepEqual(scrape()[1], [{}, 2]);
  t.is(asked, 2);
});

test('operations are counted over seconds of cluster time, however they come in batches', (t) => {
  const times = [100, 200, 1000, 1999, 2500, 2600, 2700, 6100];
  const told = (batches: readonly (readonly number[])[]): number[][] => {
    const behaviour = new Behaviour({ usage: () => null, members: () => [] });
    behaviour.setPrefixes([b('a/')]);
    const rate = behaviour.series.find(({ name }) => name === 'operations/a//rate')!.id;
    return batches.flatMap((batch) => {
      for (const timeMs of batch) behaviour.applied(delta('a/x', timeMs));
      return rowsOf(behaviour.take(batch.at(-1) ?? 0, 0).rows, rate);
    });
  };
  const expected = [
    [2000, 2],
    [3000, 3],
    [4000, 0],
    [5000, 0],
    [6000, 0],
  ];
  t.deepEqual(
    told([times]),
    expected,
    'the first second is not known from its beginning, the last not to its end',
  );
  t.deepEqual(told(times.map((timeMs) => [timeMs])), expected);
});

test('a change is told before it: a second is whole once a change of the next one is there', (t) => {
  const behaviour = new Behaviour({ usage: () => null, members: () => [] });
  behaviour.setPrefixes([b('a/')]);
  behaviour.applied(delta('a/x', 500));
  behaviour.applied(delta('a/x', 1500));
  t.deepEqual(behaviour.take(1500, 0).rows, []);
  behaviour.applied(delta('other', 2000));
  const [rate, bytes] = behaviour.series.slice(4).map(({ id }) => id);
  t.deepEqual(behaviour.take(2000, 1).rows, [rate, 2000, 1, 0, bytes, 2000, 5, 0]);
});

test('what history tells of operations comes before what is applied, of both spaces, and no second twice', (t) => {
  const behaviour = new Behaviour({ usage: () => null, members: () => [] });
  behaviour.setPrefixes([b('a/')]);
  const rate = behaviour.series.find(({ name }) => name === 'operations/a//rate')!.id;
  behaviour.applied(delta('a/x', 5500));
  for (const timeMs of [100, 1100, 2100, 3100, 5200, 5500, 6000, 7000]) behaviour.past(delta('a/x', timeMs));
  for (const timeMs of [500, 2200, 3300, 8000]) behaviour.past(delta('a/y', timeMs, 'planes'));
  behaviour.applied(delta('a/x', 6000));
  behaviour.applied(delta('a/x', 7000));
  t.deepEqual(rowsOf(behaviour.take(7000, 0).rows, rate), [
    [2000, 1],
    [3000, 2],
    [4000, 2],
    [5000, 0],
    [7000, 1],
  ]);
});

test('what is waited for too long is dropped, the oldest first', (t) => {
  const behaviour = new Behaviour({ usage: () => null, members: () => [] });
  behaviour.setPrefixes([b('a/')]);
  for (let second = 0; second < 5000; second++) behaviour.applied(delta('a/x', second * 1000));
  const { rows } = behaviour.take(5_000_000, 0);
  t.is(rows.length / 4, 2 * 640);
});

test('members that come and go: their series with them, each stamp told once', (t) => {
  const usage = { cpu: 0.5, memoryBytes: 1, networkBytesPerSecond: null, diskBytesPerSecond: 3 };
  let members = [{ id: nodeId('b'), atMs: 1000, usage }];
  const behaviour = new Behaviour({ usage: () => null, members: () => members });
  const first = behaviour.take(2000, 0);
  t.deepEqual(
    first.defined.filter(({ role }) => role === 'input').map(({ name }) => name),
    ['nodes/b/cpu', 'nodes/b/memory', 'nodes/b/network', 'nodes/b/disk'],
  );
  t.is(first.rows.length / 4, 3);
  t.is(behaviour.take(2100, 1).rows.length, 0);
  members = [{ id: nodeId('a'), atMs: 2000, usage }, ...members];
  const second = behaviour.take(3000, 2);
  t.is(second.defined.length, 4);
  t.deepEqual(second.forgotten, []);
  const cpu = behaviour.series.find(({ name }) => name === 'nodes/b/cpu')!.id;
  t.deepEqual(rowsOf(second.rows, cpu), [[1000, 0.5]]);
});

test('all members have the same numbers of each: as the leader tells them', (t) => {
  const clock = { nowMs: () => 1e6, after: () => ({ cancel: () => {} }) } as unknown as Clock;
  const usage = (cpu: number) => ({ ...usageOfNode(), cpu });
  const usageOfNode = () => ({
    cpu: 0,
    memoryBytes: 123_456_789,
    networkBytesPerSecond: null,
    diskBytesPerSecond: 5,
  });
  const leader = new UsageBook({
    self: nodeId('a'),
    clock,
    own: () => usage(1 / 3),
    others: () => [{ id: nodeId('b'), usage: usage(0.25) }],
    timeMs: () => 77.4,
  });
  const rows = leader.leaderRows();
  const follower = new UsageBook({
    self: nodeId('b'),
    clock,
    own: () => usage(9),
    others: () => [],
    timeMs: () => 5,
  });
  follower.leaderSays(Buffer.from(JSON.stringify([['at', 1], ...rows])));
  t.deepEqual(follower.latest, leader.latest);
  t.is(follower.latest[0]?.atMs, 77);
  t.is(follower.latest[0]?.usage.cpu, 0.333333);
  const damaged = new UsageBook({
    self: nodeId('b'),
    clock,
    own: () => usage(9),
    others: () => [],
    timeMs: () => 5,
  });
  for (const text of ['["usage"', '[["usage", 5, "x"]]', '[["usage", 5, "[[1,2]]"]]', '{"usage":1}'])
    damaged.leaderSays(Buffer.from(text));
  t.deepEqual(damaged.latest, []);
});
