import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { accumulated, isCounter, ratesOf } from '../../../src/prediction/series/counter.ts';
import { profileOf } from '../../../src/prediction/series/profile.ts';
import { detectSeasons } from '../../../src/prediction/series/season.ts';
import { autoregressive, dayShape, historyOf, normal, randomWalk, seasonal } from '../processes.ts';

test('a season is found at its length, whatever its shape', (t) => {
  for (const season of [7, 24, 288]) {
    const random = seededRandom(season);
    t.is(detectSeasons(seasonal(random, season * 8, dayShape(season), 1), 86_400_000 / season)[0], season);
    const spike = Array.from({ length: season }, (_, k) => (k < Math.max(1, season / 12) ? 10 : 0));
    t.is(detectSeasons(seasonal(random, season * 8, spike, 0.5))[0], season);
  }
});

test('a day and a week in hours are both found', (t) => {
  const random = seededRandom('week');
  const values = new Float64Array(168 * 6).map((_, i) => {
    const weekend = i % 168 >= 120;
    return (dayShape(24)[i % 24] ?? 0) * (weekend ? 0.5 : 1) + 0.5 * normal(random);
  });
  const { seasons } = profileOf(historyOf(values, 3_600_000));
  t.true(seasons.includes(24) && seasons.includes(168), seasons.join());
});

test('noise and walks have no season, or hardly ever', (t) => {
  let found = 0;
  for (let seed = 0; seed < 40; seed++) {
    const random = seededRandom(seed);
    if (detectSeasons(autoregressive(random, 500, 0)).length > 0) found++;
    if (detectSeasons(autoregressive(random, 500, 0.8)).length > 0) found++;
  }
  t.true(found <= 8, `${found} of 80`);
});

test('constants, counters and numbers are told apart', (t) => {
  const random = seededRandom('kinds');
  t.is(profileOf(historyOf(new Float64Array(50).fill(3))).kind, 'constant');
  t.is(profileOf(historyOf(randomWalk(random, 200))).kind, 'numeric');
  let total = 0;
  const counter = new Float64Array(300).map((_, i) => {
    total = i === 150 ? 0 : total + 5 + random.below(10);
    return total;
  });
  t.true(isCounter(counter));
  t.is(profileOf(historyOf(counter)).kind, 'counter');
});

test('rates of a counter survive its restart and lead back to it', (t) => {
  const { values } = ratesOf(historyOf([0, 5, 9, 2, 6]));
  t.deepEqual([...values], [5, 4, 2, 4]);
  t.deepEqual([...accumulated(6, Float64Array.of(4, 4, -1))], [10, 14, 14]);
});

test('a lasting change of level is found, a spike is not', (t) => {
  const random = seededRandom('level');
  const shifted = new Float64Array(400).map((_, i) => (i < 300 ? 10 : 40) + normal(random));
  t.true(Math.abs(profileOf(historyOf(shifted)).levelSince - 300) <= 2);
  const spiked = new Float64Array(400).map((_, i) => (i >= 300 && i < 304 ? 40 : 10) + normal(random));
  t.is(profileOf(historyOf(spiked)).levelSince, 0);
});
