import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { adaptiveLevel } from '../../../src/prediction/candidates/adaptive-level.ts';
import { analog } from '../../../src/prediction/candidates/analog.ts';
import { autoregression, yuleWalker } from '../../../src/prediction/candidates/autoregression.ts';
import { decomposition } from '../../../src/prediction/candidates/decomposition.ts';
import { drift } from '../../../src/prediction/candidates/drift.ts';
import type { FittingCandidate } from '../../../src/prediction/candidates/fitting.ts';
import { holtWinters } from '../../../src/prediction/candidates/holt-winters.ts';
import { classicalCandidates } from '../../../src/prediction/candidates/index.ts';
import { regression } from '../../../src/prediction/candidates/regression.ts';
import { seasonalMedian, seasonalNaive } from '../../../src/prediction/candidates/seasonal-naive.ts';
import { dampedTrend, exponentialSmoothing } from '../../../src/prediction/candidates/smoothing.ts';
import { theta } from '../../../src/prediction/candidates/theta.ts';
import { windowMedian } from '../../../src/prediction/candidates/window.ts';
import type { History, Profile } from '../../../src/prediction/forecast.ts';
import { autoregressive, dayShape, historyOf, normal, randomWalk, seasonal } from '../processes.ts';

const plain: Profile = { kind: 'numeric', seasons: [], levelSince: 0 };
const daily: Profile = { kind: 'numeric', seasons: [24], levelSince: 0 };

function once(
  candidate: FittingCandidate,
  history: History,
  profile: Profile,
  horizon: number,
): Float64Array {
  return candidate.fit(history, profile, horizon)!(history);
}

/** Mean absolute error over many origins of a series, as a share of another candidate's. */
function relative(
  candidate: FittingCandidate,
  other: FittingCandidate,
  values: Float64Array,
  profile: Profile,
): number {
  let own = 0;
  let theirs = 0;
  for (let origin = Math.floor(values.length / 2); origin + 12 <= values.length; origin += 12) {
    const past = historyOf(values.subarray(0, origin));
    const a = once(candidate, past, profile, 12);
    const b = once(other, past, profile, 12);
    for (let k = 0; k < 12; k++) {
      own += Math.abs((a[k] ?? 0) - (values[origin + k] ?? 0));
      theirs += Math.abs((b[k] ?? 0) - (values[origin + k] ?? 0));
    }
  }
  return own / theirs;
}

test('every candidate answers finite numbers of the right count, and a constant by that constant', async (t) => {
  const random = seededRandom('finite');
  const walk = historyOf(randomWalk(random, 400));
  const flat = historyOf(new Float64Array(400).fill(7));
  for (const candidate of classicalCandidates) {
    for (const history of [walk, flat]) {
      const [mean] = await candidate.forecast([history], daily, 30);
      if (candidate.minimumLength({ ...daily, seasons: [24] }) > 400) continue;
      t.is(mean?.length, 30, candidate.name);
      t.true(mean?.every(Number.isFinite), candidate.name);
      if (history === flat)
        t.true(
          mean?.every((value) => Math.abs(value - 7) < 1e-6),
          candidate.name,
        );
    }
  }
});

test('names are unique and costs known', (t) => {
  const names = classicalCandidates.map(({ name }) => name);
  t.is(new Set(names).size, names.length);
  t.true(classicalCandidates.every(({ costUs }) => costUs > 0));
});

test('drift follows a line, damped Holt and Theta lean the same way', (t) => {
  const line = historyOf(new Float64Array(100).map((_, i) => 3 + 2 * i));
  t.deepEqual([...once(drift, line, plain, 3)], [203, 205, 207]);
  for (const candidate of [dampedTrend, theta]) {
    const [first = 0, , , , fifth = 0] = once(candidate, line, plain, 5);
    t.true(fifth > first && first > 200, `${candidate.name}: ${first} ${fifth}`);
  }
});

test('a clean season is continued by everything that knows seasons', (t) => {
  const shape = dayShape(24);
  const values = seasonal(seededRandom('clean'), 24 * 20 + 5, shape, 1e-3);
  for (const candidate of [
    seasonalNaive(0),
    seasonalMedian(0, 4),
    holtWinters('additive'),
    holtWinters('multiplicative'),
    decomposition(48),
    theta,
    regression('squares'),
    regression('absolute'),
    analog(12, 8),
  ]) {
    const mean = once(candidate, historyOf(values), daily, 24);
    const worst = Math.max(...mean.map((value, k) => Math.abs(value - (shape[(5 + k) % 24] ?? 0))));
    t.true(worst < 0.3, `${candidate.name}: ${worst}`);
  }
});

test('Yule–Walker finds the coefficient, and the forecast decays with it', (t) => {
  const values = autoregressive(seededRandom('ar'), 3000, 0.7);
  const weights = yuleWalker(values);
  t.true(Math.abs((weights[0] ?? 0) - 0.7) < 0.06, [...weights].join());
  t.true(relative(autoregression, windowMedian(288), values, plain) < 0.98);
});

test('smoothing beats a long median on a walk and the last value on noise around a level', (t) => {
  const walk = randomWalk(seededRandom('walk'), 800);
  t.true(relative(exponentialSmoothing, windowMedian(288), walk, plain) < 0.6);
  const noise = autoregressive(seededRandom('noise'), 800, 0, 50);
  t.true(relative(exponentialSmoothing, seasonalNaive(0), noise, { ...plain, seasons: [1] }) < 0.8);
});

test('the adaptive level is on the new level after a few steps, and does not see single spikes', (t) => {
  const random = seededRandom('shift');
  const shifted = new Float64Array(200).map((_, i) => (i < 196 ? 10 : 90) + normal(random));
  t.true((once(adaptiveLevel(3), historyOf(shifted), plain, 1)[0] ?? 0) > 80);
  const spiked = new Float64Array(200).map((_, i) => (i === 198 ? 90 : 10) + normal(random));
  t.true(Math.abs((once(adaptiveLevel(3), historyOf(spiked), plain, 1)[0] ?? 0) - 10) < 2);
});

test('analogues know a pattern that comes at irregular times', (t) => {
  const random = seededRandom('bursts');
  const values: number[] = [];
  while (values.length < 1500) {
    for (let quiet = 10 + random.below(15); quiet > 0; quiet--) values.push(0);
    values.push(2, 30, 60, 30, 5);
  }
  t.true(relative(analog(4, 16), windowMedian(48), Float64Array.from(values), plain) < 0.95);
});

test('a fitted model goes on from later values without a new fit', (t) => {
  const values = autoregressive(seededRandom('later'), 600, 0.9);
  for (const candidate of classicalCandidates) {
    if (!('fit' in candidate)) continue;
    const fitted = (candidate as FittingCandidate).fit(historyOf(values.subarray(0, 400)), daily, 6)!;
    const later = fitted(historyOf(values));
    t.true(later.length === 6 && later.every(Number.isFinite), candidate.name);
  }
});
