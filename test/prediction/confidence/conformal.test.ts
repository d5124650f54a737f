import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { ConformalIntervals } from '../../../src/prediction/confidence/conformal.ts';
import { levelBroken, PageHinkley } from '../../../src/prediction/confidence/drift.ts';
import { Residuals } from '../../../src/prediction/confidence/residuals.ts';
import { SortedWindow } from '../../../src/prediction/math/sorted-window.ts';
import { studentQuantile } from '../../../src/prediction/math/student.ts';
import { onlineCandidates } from '../../../src/prediction/online/online-candidates.ts';
import { selectBestModel } from '../../../src/prediction/selection/select-best-model.ts';
import { autoregressive, historyOf, normal, randomWalk } from '../processes.ts';

/** Coverage over the last half of `truths` forecast as 0. */
function coverage(truths: readonly number[], level: number): number {
  const intervals = new ConformalIntervals(1, level, 150, 0.025);
  let within = 0;
  truths.forEach((truth, i) => {
    const [down, up] = intervals.ends(0);
    if (i >= truths.length / 2 && truth >= down && truth <= up) within++;
    intervals.observe(0, truth, 0, down, up);
  });
  return within / (truths.length / 2);
}

test('stated coverage is held for normal, skewed and heavy-tailed errors', (t) => {
  const random = seededRandom('coverage');
  for (const level of [0.5, 0.8, 0.9, 0.95])
    for (const [name, draw] of [
      ['normal', () => normal(random)],
      ['skewed', () => Math.exp(normal(random)) - 1],
      ['heavy', () => normal(random) / Math.abs(normal(random))],
    ] as const) {
      const held = coverage(Array.from({ length: 4000 }, draw), level);
      t.true(Math.abs(held - level) < 0.02, `${name} ${level}: ${held}`);
    }
});

test('what is stated is held from the first residuals on', (t) => {
  const random = seededRandom('few');
  for (const seen of [2, 3, 5, 8, 12, 18]) {
    let within = 0;
    const runs = 3000;
    for (let run = 0; run < runs; run++) {
      const intervals = new ConformalIntervals(1, 0.9, 150, 0.025);
      for (let i = 0; i < seen; i++) intervals.observe(0, normal(random), 0, -2, 2);
      const [down, up] = intervals.ends(0);
      const truth = normal(random);
      if (truth >= down && truth <= up) within++;
    }
    t.true(within / runs > 0.86 && within / runs < 0.95, `${seen}: ${within / runs}`);
  }
});

test('the first forecasts of short series hold what they say, far ahead as well', async (t) => {
  const random = seededRandom('short');
  const horizon = 12;
  const processes = [
    (): Float64Array => randomWalk(random, 400),
    (): Float64Array => autoregressive(random, 400, 0.8, 50),
    (): Float64Array => Float64Array.from({ length: 400 }, () => 10 + normal(random)),
  ];
  for (const length of [24, 48, 96]) {
    let within = 0;
    let far = 0;
    let count = 0;
    for (const make of processes)
      for (let run = 0; run < 25; run++) {
        const values = make();
        const past = historyOf(values.slice(0, length), 1000);
        const selected = await selectBestModel(past, {
          candidates: onlineCandidates,
          horizon,
          origins: 24,
          members: 2,
        });
        const { lower, upper } = await selected.next(past);
        for (let step = 0; step < horizon; step++) {
          const truth = values[length + step]!;
          const isIn = truth >= lower[step]! && truth <= upper[step]! ? 1 : 0;
          within += isIn;
          if (step === horizon - 1) far += isIn;
        }
        count++;
      }
    const [all, last] = [within / count / horizon, far / count];
    // Without regard to how few they are, 0.66 and 0.49 of 24 values.
    t.true(all > 0.84 && all < 0.96, `${length}: ${all}`);
    t.true(last > 0.8, `${length}, ${horizon} ahead: ${last}`);
  }
});

test('where errors follow each other, many residuals say no more than a few', (t) => {
  const random = seededRandom('dependent');
  const alone = new Residuals(150, 12);
  const tied = new Residuals(150, 12);
  let level = 0;
  for (let i = 0; i < 400; i++) {
    alone.add(normal(random));
    level = 0.9 * level + normal(random);
    tied.add(level);
  }
  t.true(alone.independent > 90, String(alone.independent));
  t.true(tied.independent < 25, String(tied.independent));
  t.is(tied.size, 150);
});

test("Student's quantiles have their known values", (t) => {
  for (const [p, freedom, known, off] of [
    [0.95, 1, 6.314, 0.13],
    [0.95, 2, 2.92, 0.02],
    [0.95, 5, 2.015, 0.003],
    [0.975, 10, 2.228, 0.003],
    [0.05, 5, -2.015, 0.003],
  ] as const)
    t.true(Math.abs(studentQuantile(p, freedom) / known - 1) < off, `${p} of ${freedom}`);
});

test('coverage comes back after the errors grow sixfold', (t) => {
  const random = seededRandom('grown');
  const held = coverage(
    Array.from({ length: 2000 }, (_, i) => (i < 1000 ? 1 : 6) * normal(random)),
    0.9,
  );
  t.true(held > 0.86 && held < 0.93, String(held));
});

test('an interval holds the mean and is a point where errors are none', (t) => {
  const intervals = new ConformalIntervals(2, 0.9, 50, 0.02);
  t.deepEqual(intervals.ends(0), [0, 0]);
  for (let i = 0; i < 60; i++) intervals.observe(0, 5, 5, 5, 5);
  t.deepEqual(intervals.ends(0).map(Math.abs), [0, 0]);
  for (let i = 0; i < 60; i++) intervals.observe(1, 7, 5, 5, 7);
  t.deepEqual(intervals.ends(1).map(Math.abs), [0, 2]);
});

test('the sorted window agrees with sorting', (t) => {
  const random = seededRandom('window');
  const window = new SortedWindow(20);
  const all: number[] = [];
  for (let i = 0; i < 200; i++) {
    const value = random.below(10);
    window.add(value);
    all.push(value);
    const sorted = all.slice(-20).sort((a, b) => a - b);
    t.is(window.quantile(0), sorted[0] ?? -1);
    t.is(window.quantile(1), sorted[sorted.length - 1] ?? 0);
    t.is(window.size, sorted.length);
  }
});

test('Page–Hinkley is quiet while errors are as usual, and speaks when they have doubled', (t) => {
  const random = seededRandom('drift');
  const usual = Math.sqrt(2 / Math.PI);
  const quiet = new PageHinkley();
  let alarms = 0;
  for (let i = 0; i < 5000; i++) if (quiet.add(Math.abs(normal(random)) / usual)) alarms++;
  t.is(alarms, 0);
  const drifting = new PageHinkley();
  let steps = 0;
  while (!drifting.add((2.5 * Math.abs(normal(random))) / usual) && steps < 500) steps++;
  t.true(steps < 100, String(steps));
});

test('a level is broken by three far residuals on one side, not by two nor by both sides', (t) => {
  t.true(levelBroken([0, 8, 9, 7], 1));
  t.true(levelBroken([-8, -9, -7], 1));
  t.false(levelBroken([0, 9, 7], 1));
  t.false(levelBroken([8, -9, 7], 1));
  t.false(levelBroken([8, 9], 1));
});
