import test from 'ava';
import { byteString, bytesOf } from '../../../src/foundation/bytes.ts';
import { TanistError } from '../../../src/foundation/errors.ts';
import { clusterTimeMs, revision } from '../../../src/foundation/ids.ts';
import { ShownPredictions } from '../../../src/node/learning/shown-predictions.ts';
import type { StateDelta } from '../../../src/ports/delta.ts';
import type { Contribution } from '../../../src/prediction/learning/contribution.ts';
import { modelHash } from '../../../src/prediction/neural/model-file.ts';
import { sealPrediction } from '../../../src/protocol/parts/prediction.ts';
import { predictedKey, storedPrediction } from '../../../src/state/predicted/prediction-value.ts';
import { small } from '../../prediction/learning/processes.ts';
import { b, put } from '../../state/commands.ts';
import { LearningBench } from './learning-bench.ts';

const moved = (by: number): Float32Array => new Float32Array(small.weights.length).fill(by);
const contribution = (rest: Partial<Contribution> = {}): Contribution => ({
  model: 'gru-base',
  base: modelHash(small),
  delta: moved(0.01),
  samples: 100,
  clip: 1,
  noise: 0,
  contributor: 'one',
  reported: { before: 0.9, after: 0.8 },
  ...rest,
});
const federated = { enabled: true, wanted: 2, waitMs: 0, clip: 10, noise: 0, trustReports: true };
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof TanistError) return error.code;
    throw error;
  }
  return 'none';
};

test('what enough contributors send is averaged and published, judged by them where the cluster has no series and trusts them', async (t) => {
  const at = new LearningBench({ federated });
  await at.bench.start();
  await at.bench.lead();
  await at.pass(500);
  t.deepEqual(at.learning.contribute(contribution({ samples: 300 })), { waiting: 1, wanted: 2 });
  t.is(
    codeOf(() => at.learning.contribute(contribution())),
    'already-contributed',
  );
  await at.pass(2000);
  t.is(at.status.published, 0);
  at.learning.contribute(contribution({ contributor: 'two', delta: moved(0), samples: 100 }));
  t.true(await at.until(() => at.status.published === 1));
  const { model } = at.learning.model();
  t.is(model.version, 2);
  t.true(model.weights.every((weight, i) => Math.abs(weight - (small.weights[i]! + 0.005)) < 1e-6));
  t.like(model.provenance, {
    kind: 'federated',
    contributors: 2,
    samples: 400,
    judgedBy: 'contributors',
    judgedSeries: 2,
  });
  t.regex(model.provenance!.reason, /the mean of 2 contributions, as they themselves reported/);
  t.like(at.status, { contributed: 2, refused: 1, waiting: 0 });
  t.is(
    codeOf(() => at.learning.contribute(contribution({ contributor: 'three' }))),
    'model-unknown',
  );
});

test('without series and trust in reports nothing is published, whoever says how good it is', async (t) => {
  const at = new LearningBench({ federated: { ...federated, trustReports: false } });
  await at.bench.start();
  await at.bench.lead();
  await at.pass(500);
  for (const contributor of ['one', 'two'])
    at.learning.contribute(
      contribution({
        contributor,
        samples: 10_000_000,
        clip: 10,
        noise: 1,
        reported: { before: 1, after: 0.01 },
      }),
    );
  t.true(await at.until(() => at.status.waiting === 0));
  await at.pass(2000);
  t.is(at.status.published, 0);
  t.is(at.learning.model().model.version, small.version);
});

test('contributions are refused where learning is off, where another leads, and without a model', async (t) => {
  const off = new LearningBench({ enabled: false });
  await off.lead();
  t.is(
    codeOf(() => off.learning.contribute(contribution())),
    'learning-off',
  );
  const closed = new LearningBench({ federated: { ...federated, enabled: false } });
  await closed.lead();
  t.is(
    codeOf(() => closed.learning.contribute(contribution())),
    'learning-off',
  );
  const follower = new LearningBench({ federated }, ['a', 'b', 'c']);
  await follower.bench.start();
  await follower.bench.run(500);
  t.is(
    codeOf(() => follower.learning.contribute(contribution())),
    'not-leader',
  );
  const none = new LearningBench({ federated }, ['b'], () =>
    Promise.reject(new TanistError('model-missing', 'gone')),
  );
  await none.lead();
  t.is(
    codeOf(() => none.learning.contribute(contribution())),
    'model-missing',
  );
});

test('while contributions wait the cluster’s own rounds make way, and not for ever', async (t) => {
  const at = new LearningBench({ federated });
  at.predictor.on('learning/round', () => ({
    weights: null,
    reason: 'no',
    comparison: null,
    samples: 1,
    series: 1,
    workedMs: 1,
  }));
  await at.lead();
  await at.pass(8_000);
  at.learning.contribute(contribution());
  await at.pass(8_000);
  t.is(at.status.rounds, 0);
  t.true(await at.until(() => at.status.rounds === 1, 5_000));
});

test('contributions to a leader that lost leadership are void', async (t) => {
  const at = new LearningBench({ federated }, ['a', 'b', 'c']);
  await at.lead();
  at.learning.contribute(contribution());
  at.bench.heartbeat('a', 50);
  await at.bench.run(500);
  await at.bench.lead();
  await at.pass(500);
  t.is(at.status.waiting, 0);
  t.deepEqual(at.learning.contribute(contribution()), { waiting: 1, wanted: 2 });
});

test('a prediction that was applied and met its truth is told to the worker with the next look', async (t) => {
  const at = new LearningBench();
  await at.lead();
  for (let i = 0; i < 40; i++) {
    await at.do(put('p/x', `${10 + (i % 4)}`));
    await at.pass(90);
  }
  const { modRevision } = at.bench.node.state.valuesOf('user', b('p/x'), b('p/y'))[0]!;
  const nowMs = at.bench.node.state.timeMs;
  const applied = at.bench.node.proposePredictions([
    {
      space: 'user',
      key: b('p/x'),
      value: b('11'),
      madeFrom: modRevision,
      madeAtMs: nowMs,
      forMs: nowMs,
      validUntilMs: clusterTimeMs(nowMs + 60_000),
      model: 'm',
      confidence: 0.9,
      level: 0.9,
      fields: [{ pointer: '', mean: 11, lower: 10, upper: 12 }],
    },
  ]);
  t.like(await at.bench.until(applied), { kept: 1 });
  await at.do(put('p/x', '30'));
  t.is(at.status.shown, 1);
  let told: unknown = null;
  at.predictor.on('learning/gather', ({ shown }: { shown: readonly unknown[] }) => {
    if (shown.length > 0) told = shown;
    return { series: 1, leftOut: 0, bytes: 1 };
  });
  t.true(await at.until(() => told !== null, 120_000));
  t.like(told as unknown[], { 0: { name: 'user/p/x\n', predicted: 11 } });
});

test('what failovers showed is paired from the changes of the state', (t) => {
  const shown = new ShownPredictions();
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
  const predicted = (key: string): StateDelta =>
    delta({
      space: 'predicted',
      key: predictedKey('user', b(key)),
      value: storedPrediction(
        sealPrediction({
          space: 'user',
          key: b(key),
          value: b('{}'),
          madeFrom: revision(1),
          madeAtMs: clusterTimeMs(1),
          forMs: clusterTimeMs(2),
          validUntilMs: clusterTimeMs(3),
          model: 'm',
          confidence: 0.9,
          level: 0.9,
          fields: [field('/a', 7), field('/b', 8)],
        }),
      ),
    });
  shown.applied([predicted('k'), predicted('gone'), predicted('quiet')]);
  shown.applied([delta({ key: b('other') })]);
  t.deepEqual(shown.take(), []);
  // The prediction is removed with the truth.
  shown.applied([
    delta({ space: 'predicted', op: 'delete', key: predictedKey('user', b('k')) }),
    delta({ timeMs: clusterTimeMs(6000) }),
    delta({ op: 'delete', key: b('gone') }),
  ]);
  const met = [
    { name: 'user/k\n/a', momentMs: 6000, predicted: 7 },
    { name: 'user/k\n/b', momentMs: 6000, predicted: 8 },
  ];
  t.deepEqual(shown.take() as unknown, met);
  shown.applied([
    delta({ timeMs: clusterTimeMs(7000) }),
    delta({ space: 'predicted', value: byteString(bytesOf(b('no JSON'))) }),
  ]);
  t.deepEqual(shown.take(), []);
  t.is(shown.count, 1);
});
