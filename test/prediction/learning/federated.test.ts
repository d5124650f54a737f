import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import {
  type Contribution,
  checkContribution,
  contributionLimits,
} from '../../../src/prediction/learning/contribution.ts';
import { fairSamples } from '../../../src/prediction/learning/fair-samples.ts';
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
const terms = { clip: 10, noise: 0, wanted: 2, trustReports: false };
const random = () => seededRandom('noise');

test('contributions move the weights by their mean, weighted by samples', (t) => {
  const three = [
    given({ delta: floats(0.4, 0), samples: 200 }),
    given({ delta: floats(0, -0.8), samples: 100 }),
    given({ delta: floats(0, 0), samples: 100 }),
  ];
  const next = federatedAverage(floats(1, 1), three, terms, random());
  t.true(Math.abs(next[0]! - 1.2) < 1e-6 && Math.abs(next[1]! - 0.8) < 1e-6, `${next}`);
});

test('nobody outweighs the others by the samples that it claims', (t) => {
  t.deepEqual(fairSamples([7]), [7]);
  t.deepEqual(fairSamples([300, 100]), [100, 100]);
  t.deepEqual(fairSamples([100, 120, 150, 90]), [100, 120, 150, 90]);
  t.deepEqual(fairSamples([10_000_000, 100, 100, 100]), [200, 100, 100, 100]);
  t.deepEqual(fairSamples([10_000_000, 1, 100]), [101, 1, 100]);
  const all = [
    given({ delta: floats(-1, 0), samples: 10_000_000 }),
    given({ delta: floats(1, 0), samples: 1 }),
  ];
  t.is(federatedAverage(floats(0, 0), all, terms, random())[0], 0);
});

test('a move is clipped to the clip of the cluster whatever noise is declared, and the cluster’s noise goes by that', (t) => {
  const loud = given({ delta: floats(300, 400), clip: 10, noise: 1 });
  const next = federatedAverage(floats(0, 0), [loud], { clip: 2, noise: 0 }, random());
  t.true(Math.abs(norm(next) - 2) < 1e-5, `${next}`);
  const silent = given({ delta: new Float32Array(20_000), clip: 0.1, noise: 0.01 });
  const blurred = federatedAverage(new Float32Array(20_000), [silent], { clip: 2, noise: 0.5 }, random());
  t.true(Math.abs(norm(blurred) / Math.sqrt(20_000) - 1) < 0.05);
});

test('a move longer than its clip counts as far as its clip, whatever was checked before', (t) => {
  const next = federatedAverage(floats(0, 0), [given({ delta: floats(30, 40), clip: 5 })], terms, random());
  t.true(Math.abs(next[0]! - 3) < 1e-5 && Math.abs(next[1]! - 4) < 1e-5);
});

test('the noise of the cluster is as large as one contributor’s reach times the multiplier', (t) => {
  const weights = new Float32Array(20_000);
  const delta = new Float32Array(20_000);
  const shares = [200, 100, 100].map((samples) => given({ delta, samples, clip: 2 }));
  const noisy = federatedAverage(weights, shares, { clip: 10, noise: 0.5 }, random());
  const deviation = norm(noisy) / Math.sqrt(weights.length);
  t.true(Math.abs(deviation - 0.5 * 2 * 0.5) < 0.02, `${deviation}`);
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
  const options = { ...quick, terms };
  const judged = await federatedRound(small.weights, shares, own, options, parts(small.size), random());
  t.is(judged.reason, null);
  t.like(judged, { judgedBy: 'backtest', samples: 2016 });
  t.true(judged.comparison!.ratio < 0.95, `${judged.comparison!.ratio}`);
});

test('a cluster without series judges by what enough contributors say only where it is told to, and says so', async (t) => {
  const none = { judged: [] };
  const judge = (trustReports: boolean, wanted: number, ...reported: Contribution['reported'][]) =>
    federatedRound(
      floats(1, 1),
      reported.map((each) => given({ reported: each })),
      none,
      { ...quick, terms: { ...terms, wanted, trustReports } },
      parts(small.size),
      random(),
    );
  const better = { before: 0.9, after: 0.8 };
  const good = await judge(true, 2, better, { before: 0.5, after: 0.48 });
  t.like(good, { judgedBy: 'contributors', reason: null });
  t.is(good.comparison!.series, 2);
  const poison = { before: 1, after: 0.01 };
  const poisoned = await judge(false, 3, poison, poison, poison);
  t.is(poisoned.weights, null);
  t.regex(poisoned.reason!, /trustReports/);
  const same = { before: 0.9, after: 0.9 };
  t.regex((await judge(true, 2, same, same)).reason!, /below 0\.980/);
  t.regex((await judge(true, 1, better)).reason!, /1 contributors say .* asks 2/);
  t.regex((await judge(true, 3, better, better, null)).reason!, /2 contributors say .* asks 3/);
});
