import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { ConformalIntervals } from '../../../src/prediction/confidence/conformal.ts';
import { levelBroken, PageHinkley } from '../../../src/prediction/confidence/drift.ts';
import { SortedWindow } from '../../../src/prediction/math/sorted-window.ts';
import { normal } from '../processes.ts';

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
