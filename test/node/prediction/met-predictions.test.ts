import test from 'ava';
import { clusterTimeMs, revision } from '../../../src/foundation/ids.ts';
import { MetPredictions } from '../../../src/node/prediction/met-predictions.ts';
import type { KeyValue, StateDelta } from '../../../src/ports/delta.ts';
import type { Prediction } from '../../../src/ports/prediction.ts';
import { sealPrediction } from '../../../src/protocol/parts/prediction.ts';
import { predictedKey, storedPrediction } from '../../../src/state/predicted/prediction-value.ts';
import { b, prediction } from '../../state/commands.ts';

const delta = (rest: Partial<StateDelta>): StateDelta => ({
  epoch: 0,
  revision: revision(1),
  sub: 0,
  timeMs: clusterTimeMs(5000),
  space: 'user',
  op: 'put',
  key: b('k'),
  value: b('1'),
  lease: 0n as StateDelta['lease'],
  createRevision: revision(1),
  version: 1,
  ...rest,
});
const field = (pointer: string, mean: number) => ({ pointer, mean, lower: mean - 1, upper: mean + 1 });
const applied = (key: string, rest: Partial<Prediction> = {}): StateDelta =>
  delta({
    space: 'predicted',
    key: predictedKey('user', b(key)),
    value: storedPrediction(
      sealPrediction(
        prediction(key, 1, {
          forMs: clusterTimeMs(5000),
          validUntilMs: clusterTimeMs(7000),
          fields: [field('/a', 7), field('/b', 8)],
          ...rest,
        }),
      ),
    ),
  });
const truth = (key: string, timeMs: number, value = '1', before: string | null = null): StateDelta =>
  delta({
    key: b(key),
    timeMs: clusterTimeMs(timeMs),
    value: b(value),
    previous: before === null ? null : ({ value: b(before) } as KeyValue),
  });

/** Everything that meets its truth is scored at once. */
function scoring(): MetPredictions {
  const met = new MetPredictions();
  const applied = met.applied.bind(met);
  met.applied = (deltas) => {
    applied(deltas);
    met.score(() => true);
  };
  return met;
}

test('what failovers showed is paired from the changes of the state', (t) => {
  const met = scoring();
  met.applied([applied('k'), applied('gone'), applied('quiet')]);
  met.applied([truth('other', 5000)]);
  t.deepEqual(met.take(), []);
  // The prediction is removed with the truth.
  met.applied([
    delta({ space: 'predicted', op: 'delete', key: predictedKey('user', b('k')) }),
    truth('k', 6000),
    delta({ op: 'delete', key: b('gone') }),
  ]);
  t.deepEqual(met.take() as unknown, [
    { name: 'user/k\n/a', momentMs: 6000, predicted: 7 },
    { name: 'user/k\n/b', momentMs: 6000, predicted: 8 },
  ]);
  met.applied([truth('k', 6500), delta({ space: 'predicted', value: b('no JSON') })]);
  t.deepEqual(met.take(), []);
  t.is(met.figures.count, 1);
});

test('a truth of another time than the prediction was about does not speak of it', (t) => {
  const met = scoring();
  for (const [timeMs, count] of [
    [2999, 0],
    [3000, 1],
    [7000, 2],
    [7001, 2],
    [500_000, 2],
  ] as const) {
    met.applied([applied('k')]);
    met.applied([truth('k', timeMs)]);
    t.is(met.figures.count, count, String(timeMs));
  }
});

test('errors with the prediction and without it: of each number in parts of the largest of both and half its interval', (t) => {
  const met = scoring();
  const all = ['exact', 'far', 'known', 'text', 'still'];
  met.applied(all.map((key) => applied(key, { fields: [field('', 7)] })));
  met.applied([truth('exact', 5000, '7', '3')]);
  t.deepEqual(met.figures, { count: 1, error: 0, lastError: 1 });
  met.applied([truth('far', 5000, '1000', '507')]);
  t.deepEqual(met.figures, { count: 2, error: 0.5, lastError: (1 + 493 / 993) / 2 });
  // Both are within the interval.
  met.applied([truth('known', 5000, '7.5', '7.25')]);
  t.deepEqual(met.figures, { count: 3, error: 0.5, lastError: (1 + 493 / 993 + 0.25) / 3 });
  met.applied([truth('text', 5000, 'no number', '7')]);
  met.applied([truth('still', 5000, '7')]);
  t.deepEqual(met.figures, { count: 5, error: 0.5, lastError: (1 + 493 / 993 + 0.25) / 3 });
});

test('a failover is told of once: when all of its predictions met their truth, or none counts any more', (t) => {
  const met = scoring();
  t.is(met.ended(0), null);
  const fields = [field('', 7)];
  met.applied([applied('a', { fields }), applied('b', { fields })]);
  t.is(met.ended(5000), null);
  met.applied([truth('a', 5000, '7', '3')]);
  t.is(met.ended(7000), null, 'the other one may still come');
  t.deepEqual(met.ended(7001), { count: 1, error: 0, lastError: 1 });
  t.is(met.ended(7001), null);
  met.applied([applied('a', { fields, forMs: clusterTimeMs(9000), validUntilMs: clusterTimeMs(9500) })]);
  met.applied([truth('b', 8000, '3', '7'), truth('a', 9000, '9', '7')]);
  t.deepEqual(met.ended(9000), { count: 1, error: 1, lastError: 1 }, 'nothing more is open');
  t.is(met.figures.count, 2);
});

test('a burst of truths is scored a little at a time, and ends its failover when all are', (t) => {
  const met = new MetPredictions();
  const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`);
  const fields = [field('', 7)];
  met.applied(keys.map((key) => applied(key, { fields })));
  met.applied(keys.map((key) => truth(key, 5000, '7', '3')));
  t.is(met.figures.count, 0, 'whoever applies does not wait for it');
  let looks = 0;
  met.score(() => ++looks < 3);
  t.true(met.figures.count > 0 && met.figures.count <= 64, String(met.figures.count));
  t.is(met.ended(9000), null, 'some still wait');
  while (met.take().length > 0) met.score(() => false);
  t.deepEqual(met.ended(9000), { count: 1000, error: 0, lastError: 1 });
});

test('a large truth is not read, and holds up nothing', (t) => {
  const met = scoring();
  met.applied([applied('k', { fields: [field('', 7)] })]);
  met.applied([truth('k', 5000, `7${' '.repeat(70_000)}`, '3')]);
  t.deepEqual(met.figures, { count: 1, error: 0, lastError: 0 });
});

test('another state: what was open meets nothing, what was met until then is told at once', (t) => {
  const met = scoring();
  const fields = [field('', 7)];
  met.applied([applied('a', { fields }), applied('b', { fields })]);
  met.applied([truth('a', 5000, '7', '3')]);
  t.is(met.ended(5000), null);
  met.replaced();
  t.deepEqual(met.ended(5000), { count: 1, error: 0, lastError: 1 });
  t.is(met.take().length, 1);
  met.applied([truth('b', 5500, '7', '3')]);
  t.is(met.figures.count, 1);
});
