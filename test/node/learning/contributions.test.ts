import test from 'ava';
import { TanistError } from '../../../src/foundation/errors.ts';
import { clusterTimeMs } from '../../../src/foundation/ids.ts';
import { type NodeLog, silentLog } from '../../../src/ports/node-log.ts';
import type { Contribution } from '../../../src/prediction/learning/contribution.ts';
import { modelHash } from '../../../src/prediction/neural/model-file.ts';
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
  const told: object[] = [];
  const info: NodeLog['info'] = (event, details) => {
    if (event === 'predictions-met') told.push(details ?? {});
  };
  await at.lead({ ...silentLog, info });
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
      changeProbability: null,
      level: 0.9,
      fields: [{ pointer: '', mean: 11, lower: 10, upper: 12 }],
    },
  ]);
  t.like(await at.bench.until(applied), { kept: 1 });
  await at.do(put('p/x', '30'));
  t.true(await at.until(() => at.status.shown === 1, 1000));
  // 19 beside the truth, and the last value 17.
  const met = { count: 1, error: 1, lastError: 17 / 19 };
  t.deepEqual(at.bench.node.prediction?.status().met, met);
  await at.pass(300);
  t.deepEqual(told, [met]);
  let taken: unknown = null;
  at.predictor.on('learning/gather', ({ shown }: { shown: readonly unknown[] }) => {
    if (shown.length > 0) taken = shown;
    return { series: 1, leftOut: 0, bytes: 1 };
  });
  t.true(await at.until(() => taken !== null, 120_000));
  t.like(taken as unknown[], { 0: { name: 'user/p/x\n', predicted: 11 } });
});
