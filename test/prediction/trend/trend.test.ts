import test from 'ava';
import fc from 'fast-check';
import { seededRandom } from '../../../src/foundation/random.ts';
import { normalCdf, normalQuantile } from '../../../src/prediction/math/normal.ts';
import {
  forecastTrend,
  probabilityOfCrossing,
  probabilityOfSlope,
  stepsUntil,
} from '../../../src/prediction/trend/trend.ts';

const line = (n: number, from: number, slope: number): number[] =>
  Array.from({ length: n }, (_, i) => from + slope * i);
const near = (actual: number, expected: number, by = 1e-9): boolean => Math.abs(actual - expected) <= by;
/** Normal noise (Box and Muller). */
const noise = fc.integer({ min: 1, max: 1e9 }).map((seed) => {
  const random = seededRandom(seed);
  const next = (): number =>
    Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Array.from({ length: 40 }, next);
});

test('the normal distribution has its known values', (t) => {
  for (const [z, p] of [
    [0, 0.5],
    [1, 0.8413447461],
    [1.959963985, 0.975],
    [-2.575829304, 0.005],
  ] as const) {
    t.true(near(normalCdf(z), p, 2e-7));
    t.true(near(normalQuantile(p), z, 2e-5));
  }
});

test('a line is its own forecast, and ends on its limit when it does', (t) => {
  const { steps, slope, lowerSlope, upperSlope } = forecastTrend(line(20, 5, 0.5), 4, 0.9);
  t.true([slope, lowerSlope, upperSlope].every((each) => near(each, 0.5)));
  for (const [i, { mean, lower, upper }] of steps.entries())
    t.true([mean, lower, upper].every((each) => near(each, 5 + 0.5 * (20 + i))));
  t.true(near(stepsUntil(line(20, 5, 0.5), 20), (20 - 14.5) / 0.5));
  t.is(stepsUntil(line(20, 5, -0.5), 20), Number.POSITIVE_INFINITY);
  t.is(stepsUntil(line(20, 5, 0.5), 10), 0);
});

test("Sen's own example: slopes and their interval by hand", (t) => {
  // Of 1, 3, 2, 5 the slopes of pairs are −1, 1/2, 1, 4/3, 2, 3.
  const { slope } = forecastTrend([1, 3, 2, 5], 1, 0.9);
  t.true(near(slope, (1 + 4 / 3) / 2));
});

test('up to a quarter of the readings may be anything', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 10, maxLength: 10 }),
      fc.array(fc.nat(39), { minLength: 10, maxLength: 10 }),
      (wild, at) => {
        const values = line(40, 0, 2);
        for (const [i, place] of at.entries()) values[place] = wild[i]!;
        const { slope } = forecastTrend(values, 1, 0.9);
        t.true(near(slope, 2, 1e-6));
      },
    ),
    { numRuns: 200 },
  );
});

test('crossing agrees with the interval: sure beyond its lower bound, sure not to beyond its upper bound', (t) => {
  fc.assert(
    fc.property(noise, fc.double({ min: -2, max: 2, noNaN: true }), (rest, rise) => {
      const values = rest.map((value, i) => value + rise * i);
      const level = 0.9;
      const last = forecastTrend(values, 10, level).steps.at(-1)!;
      const width = last.upper - last.lower;
      t.true(probabilityOfCrossing(values, last.lower - 0.2 * width, 10) >= 0.93);
      t.true(probabilityOfCrossing(values, last.upper + 0.2 * width, 10) <= 0.07);
      const middle = probabilityOfCrossing(values, last.mean, 10);
      t.true(middle > 0.3 && middle < 0.7);
    }),
    { numRuns: 100 },
  );
});

test('a nearer limit and more time never make a crossing of a rising line less likely', (t) => {
  fc.assert(
    fc.property(
      noise,
      fc.integer({ min: 1, max: 30 }),
      fc.double({ min: 5, max: 50, noNaN: true }),
      (rest, within, limit) => {
        const values = rest.map((value, i) => value + 0.5 * i);
        const here = probabilityOfCrossing(values, limit, within);
        t.true(probabilityOfCrossing(values, limit - 1, within) >= here - 1e-12);
        t.true(probabilityOfCrossing(values, limit + 1, within) <= here + 1e-12);
      },
    ),
  );
});

test('a trend in noise alone is claimed about as often as it may be', (t) => {
  let claims = 0;
  const runs = fc.sample(noise, { numRuns: 400, seed: 7 });
  for (const values of runs) if (probabilityOfSlope(values, 0) > 0.95) claims++;
  t.true(claims <= 0.09 * runs.length, `${claims} of ${runs.length}`);
});

test('constants and steps are no trends', (t) => {
  t.true(near(probabilityOfSlope(line(20, 3, 0), 0), 0.5, 1e-7));
  for (let at = 2; at < 22; at++) {
    const step = Array.from({ length: 24 }, (_, i) => (i < at ? 10 : 60));
    t.true(probabilityOfCrossing(step, 100, 24) < 0.9, `${at}`);
  }
});
