import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import {
  type Contribution,
  checkContribution,
  contributionLimits,
} from '../../../src/prediction/learning/contribution.ts';
import { federatedAverage, federatedRound } from '../../../src/prediction/learning/federated-average.ts';
import { FederatedRound } from '../../../src/prediction/learning/federated-round.ts';
import { lessonBook } from '../../../src/prediction/learning/lesson-book.ts';
import { localUpdate } from '../../../src/prediction/learning/local-update.ts';
import { norm } from '../../../src/prediction/neural/federated.ts';
import { drifting, historyOf, parts, quick, small, stored } from './processes.ts';

const floats = (...values: number[]) => new Float32Array(values);
const given = (rest: Partial<Contribution> = {}): Contribution => ({
  model: 'gru',
  base: 'f'.repeat(64),
  delta: floats(0.3, -0.4),
  samples: 100,
  clip: 1,
  noise: 0,
  contributor: 'one',
  reported: { before: 0.9, after: 0.8 },
  ...rest,
});
const base = { name: 'gru', hash: 'f'.repeat(64), weights: 2 };
const round = () => new FederatedRound(base, contributionLimits);
const random = () => seededRandom('noise');

test('two contributions move the weights by their mean, weighted by samples', (t) => {
  const two = [
    given({ delta: floats(0.4, 0), samples: 300 }),
    given({ delta: floats(0, -0.8), samples: 100 }),
  ];
  const next = federatedAverage(floats(1, 1), two, 0, random());
  t.true(Math.abs(next[0]! - 1.3) < 1e-6 && Math.abs(next[1]! - 0.8) < 1e-6, `${next}`);
});

test('a move longer than its clip counts as far as its clip, whatever was checked before', (t) => {
  const next = federatedAverage(floats(0, 0), [given({ delta: floats(30, 40), clip: 5 })], 0, random());
  t.true(Math.abs(next[0]! - 3) < 1e-5 && Math.abs(next[1]! - 4) < 1e-5);
});

test('the noise of the cluster is as large as one contributor’s reach times the multiplier', (t) => {
  const weights = new Float32Array(20_000);
  const delta = new Float32Array(20_000);
  const shares = [given({ delta, samples: 300, clip: 2 }), given({ delta, samples: 100, clip: 2 })];
  const noisy = federatedAverage(weights, shares, 0.5, random());
  const deviation = norm(noisy) / Math.sqrt(weights.length);
  t.true(Math.abs(deviation - 0.5 * 2 * 0.75) < 0.02, `${deviation}`);
});

test('bad contributions are refused, each with what is wrong', (t) => {
  const refuse = (rest: Partial<Contribution>, code: string, message: RegExp): void => {
    t.throws(() => round().offer(given(rest), 0), { code: code as never, message }, JSON.stringify(rest));
  };
  refuse({ model: 'other' }, 'model-missing', /no model 'other' .* there is 'gru'/);
  refuse(
    { base: 'a'.repeat(64) },
    'model-unknown',
    /made to version aaaaaaaaaaaa, the present one is ffffffffffff/,
  );
  refuse({ delta: floats(1) }, 'model-invalid', /has 1 weights, the model 2/);
  refuse({ delta: floats(0, Number.NaN) }, 'model-invalid', /no finite numbers/);
  refuse({ delta: floats(0, Number.POSITIVE_INFINITY) }, 'model-invalid', /no finite numbers/);
  refuse({ delta: floats(3, 4) }, 'invalid-argument', /norm of 5\.000; clipped to 1 it has 1\.001 at most/);
  for (const clip of [0, -1, 11, Number.NaN]) refuse({ clip }, 'invalid-argument', /clip must be above 0/);
  for (const noise of [-0.1, 1.1, Number.NaN])
    refuse({ noise }, 'invalid-argument', /noise must be from 0 to 1/);
  for (const samples of [0, -1, 1.5, 1e9])
    refuse({ samples }, 'invalid-argument', /samples must be a whole number/);
  for (const contributor of ['', 'a b', '-a', 'x'.repeat(65)])
    refuse({ contributor }, 'invalid-argument', /a contributor is named by/);
  refuse({ reported: { before: 0, after: 1 } }, 'invalid-argument', /reported errors/);
  refuse({ reported: { before: 1, after: Number.NaN } }, 'invalid-argument', /reported errors/);
});

test('with its own noise an update is longer than its clip by right, up to what noise can be', (t) => {
  const limits = contributionLimits;
  const weights = 10_000;
  const delta = new Float32Array(weights).fill(0.01);
  t.throws(() => checkContribution(given({ delta, clip: 0.5 }), weights, limits), {
    code: 'invalid-argument',
  });
  t.notThrows(() => checkContribution(given({ delta, clip: 0.5, noise: 0.02 }), weights, limits));
});

test('one a contributor, so many a round, and a round is due when enough came or a time passed', (t) => {
  const small = new FederatedRound(base, { ...contributionLimits, most: 2 });
  const rules = { wanted: 2, waitMs: 1000 };
  t.false(small.isDue(5000, rules));
  small.offer(given(), 100);
  t.throws(() => small.offer(given(), 200), { code: 'already-contributed', message: /one has contributed/ });
  t.false(small.isDue(1099, rules));
  t.true(small.isDue(1100, rules));
  t.false(small.isDue(1e9, { ...rules, waitMs: 0 }));
  small.offer(given({ contributor: 'two' }), 300);
  t.true(small.isDue(300, rules));
  t.throws(() => small.offer(given({ contributor: 'three' }), 400), { code: 'overloaded' });
  const full = new FederatedRound(base, { ...contributionLimits, bytes: 8 });
  full.offer(given(), 0);
  t.throws(() => full.offer(given({ contributor: 'two' }), 0), { code: 'overloaded' });
});

test('updates trained on private series help a cluster that never saw them, and are judged on its own', async (t) => {
  const local = async (shift: number) => {
    const series = [0, 7, 14].map((each) => ({
      name: `${each}`,
      history: historyOf(drifting(420, shift + each)),
    }));
    const options = { ...quick, seed: `contributor ${shift}` };
    return localUpdate(small, series, options, { clip: 10, noise: 0 }, parts(small.size));
  };
  const [one, two] = [await local(1), await local(4)];
  t.true(one.reported!.after < one.reported!.before);
  t.is(one.samples, 3 * 336);
  const shares = [one, two].map(({ delta, samples, reported }) => ({
    delta,
    samples,
    reported,
    clip: 10,
    noise: 0,
  }));
  const own = await lessonBook(stored([drifting(400, 9), drifting(400, 11)]), quick, random());
  const options = { ...quick, noise: 0 };
  const judged = await federatedRound(small.weights, shares, own, options, parts(small.size), random());
  t.is(judged.reason, null);
  t.like(judged, { judgedBy: 'backtest', samples: 2016 });
  t.true(judged.comparison!.ratio < 0.95, `${judged.comparison!.ratio}`);
});

test('a cluster without series judges by what the contributors say, and says so; without that it does not publish', async (t) => {
  const none = { judged: [] };
  const options = { ...quick, noise: 0 };
  const judge = (...reported: Contribution['reported'][]) =>
    federatedRound(
      floats(1, 1),
      reported.map((each) => given({ reported: each })),
      none,
      options,
      parts(small.size),
      random(),
    );
  const good = await judge({ before: 0.9, after: 0.8 }, { before: 0.5, after: 0.48 });
  t.like(good, { judgedBy: 'contributors', reason: null });
  t.is(good.comparison!.series, 2);
  t.regex((await judge({ before: 0.9, after: 0.9 })).reason!, /below 0\.980/);
  t.regex((await judge(null)).reason!, /nothing to judge it on/);
});
