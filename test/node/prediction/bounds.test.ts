import test from 'ava';
import type { ByteString } from '../../../src/foundation/bytes.ts';
import { revision } from '../../../src/foundation/ids.ts';
import { HeldChanges } from '../../../src/node/prediction/held-changes.ts';
import { learn } from '../../../src/node/prediction/learn.ts';
import { Observations, rowsOf } from '../../../src/node/prediction/observations.ts';
import type { PredictionFeed } from '../../../src/node/prediction/prediction-feed.ts';
import { TrackedKeys } from '../../../src/node/prediction/tracked-keys.ts';
import type { KeyValue, StateDelta } from '../../../src/ports/delta.ts';
import { defaultPredictPolicy } from '../../../src/ports/prediction.ts';
import { b } from '../../state/commands.ts';

const policy = { ...defaultPredictPolicy, fields: ['/cpu'] };
const count = 1000;
const kilobyte = 1024;
const mostBytes = 16 * kilobyte * kilobyte;
/** So many bytes, its number at the end of them. */
const value = (cpu: number, bytes: number): ByteString =>
  b(`{"pad":"${'x'.repeat(bytes - 40)}","cpu":${cpu}}`);

function fixture() {
  const keys = new TrackedKeys(4, Number.POSITIVE_INFINITY, () => {});
  return { keys, observations: new Observations((id) => keys.withSeries(id)) };
}

test('changes that wait take so many bytes at most; the older ones are dropped and counted', (t) => {
  const { keys, observations } = fixture();
  const tracked = keys.track('user', b('k'), policy)!;
  for (let i = 1; i <= count; i++) observations.add(tracked, i, value(i, 60 * kilobyte), i);
  const rows = observations.take(() => true);
  t.is(rowsOf(rows) + observations.dropped, count);
  t.true(rowsOf(rows) * 60 * kilobyte <= mostBytes);
  t.is(rows.at(-1), count, 'the newest is there');
  t.is(rows.at(-2), count);
  observations.add(tracked, count, b('{"cpu":1}'), count);
  t.is(rowsOf(observations.take(() => true)), 1, 'what was taken counts no more');
});

test('changes that are held while the past is learnt take so many bytes at most, and it is told when some are dropped', (t) => {
  const held = new HeldChanges();
  const delta = (bytes: number): StateDelta =>
    ({ op: 'put', space: 'user', key: b('k'), value: value(1, bytes) }) as StateDelta;
  let isWhole = true;
  for (let i = 0; i < count; i++) isWhole = held.add(delta(60 * kilobyte)) && isWhole;
  t.false(isWhole);
  const there = held.take();
  t.is(there.length + held.dropped, count);
  t.true(there.length * 60 * kilobyte <= mostBytes);
  t.true(held.add(delta(100)));
  t.true(held.add(delta(1000 * kilobyte)));
  t.true(held.add({ ...delta(100), previous: {} as KeyValue }));
  t.deepEqual(
    held.take().map((each) => [each.value.length, 'previous' in each]),
    [
      [value(1, 100).length, false],
      [0, false],
      [value(1, 100).length, false],
    ],
    'of what nobody reads nothing is kept',
  );
});

test('of a long past only the numbers are kept until they are sent', async (t) => {
  const { keys, observations } = fixture();
  const delta = (at: number): StateDelta =>
    ({
      op: 'put',
      space: 'user',
      key: b('k'),
      value: value(at, 60 * kilobyte),
      timeMs: at,
      revision: revision(at),
    }) as StateDelta;
  const feed = {
    clock: { nowMs: () => 0, soon: setImmediate },
    policies: () => [{ prefix: b(''), policy: { acknowledge: 'quorum', tier: 'full', predict: policy } }],
    policyFor: () => policy,
    async *values(space: string) {
      if (space !== 'user') return;
      yield [{ key: b('k'), value: value(count, 60 * kilobyte), modRevision: revision(count) } as KeyValue];
    },
    async *recent(space: string) {
      if (space === 'user') for (let at = 1; at <= count; at++) yield [delta(at)];
    },
  } as unknown as PredictionFeed;
  await learn({ feed, keys, observations, past: null, isOver: () => false }, 1);
  t.is(observations.dropped, 0);
  t.is(rowsOf(observations.take(() => true)), count);
});
