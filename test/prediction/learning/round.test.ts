import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { refusal } from '../../../src/prediction/learning/compare.ts';
import { lessonBook } from '../../../src/prediction/learning/lesson-book.ts';
import { roundDefaults } from '../../../src/prediction/learning/options.ts';
import { roundRandom, trainingRound } from '../../../src/prediction/learning/round.ts';
import { StoredSeries } from '../../../src/prediction/learning/stored-series.ts';
import { baseModelFile, loadModel } from '../../../src/prediction/neural/model-file.ts';
import { drifting, historyOf, parts, quick, small, stored, walk } from './processes.ts';

const six = () => stored(Array.from({ length: 6 }, (_, index) => drifting(420, 7 * index)));

test('a round on a drifting process is better on what it was not shown, and the same seed gives the same weights', async (t) => {
  const book = await lessonBook(six(), quick, roundRandom(quick));
  const result = await trainingRound(small.size, small.weights, book, quick, parts(small.size));
  t.is(result.reason, null);
  t.true(result.weights?.every(Number.isFinite));
  t.like(result.comparison, { series: 6, worse: 0 });
  t.true(result.comparison!.ratio < 0.9, `${result.comparison!.ratio}`);
  t.is(result.samples, 6 * 336);
  const again = await trainingRound(small.size, small.weights, book, quick, parts(small.size));
  t.deepEqual(again.weights, result.weights);
});

test('a round on random walks changes nothing for the better, and is rejected', async (t) => {
  const base = await loadModel(baseModelFile);
  const options = { ...roundDefaults, steps: 25, windows: 16, targets: 4 };
  const walks = stored(Array.from({ length: 8 }, (_, index) => walk(400, `walk ${index}`)));
  const book = await lessonBook(walks, options, roundRandom(options));
  const result = await trainingRound(base.size, base.weights, book, options, parts(base.size));
  t.is(result.weights, null);
  t.regex(
    result.reason!,
    /its error on values kept from it is .* of the present version's; below 0\.980 is asked for/,
  );
});

test('no value of a held-out end is learnt from, nor found a season in', async (t) => {
  const whole = drifting(400);
  const books = await Promise.all(
    [whole, whole.map((value, index) => (index < 320 ? value : -1000 * value))].map((values) => {
      const series = new StoredSeries(historyOf(values));
      series.shown.push({ values: values.slice(300, 380), endMs: 380_000, copies: 3 });
      return lessonBook([['s', series]], quick, seededRandom('same'));
    }),
  );
  t.deepEqual(books[0]!.training, books[1]!.training);
  t.is(books[0]!.training.length, 1, 'what reaches into the held-out end waits');
  t.is(books[0]!.judged[0]!.heldOut, 80);
  t.is(books[0]!.training[0]!.values.length, 320);
});

test('older windows and what failovers showed are learnt from, the latter several times', async (t) => {
  const series = new StoredSeries(historyOf(drifting(400), 1_000_000));
  series.older.push({ values: drifting(256, 3), endMs: 599_000 });
  series.older.push({ values: drifting(256, 3), endMs: 650_000 });
  series.shown.push({ values: drifting(90, 5), endMs: 900_000, copies: 4 });
  const { training, samples } = await lessonBook([['s', series]], quick, seededRandom('s'));
  t.deepEqual(
    training.map(({ values }) => values.length),
    [320, 256, 90, 90, 90, 90],
    'the window that overlaps what is recent is not among them',
  );
  t.is(samples, 320 + 256 + 90);
});

test('nothing is learnt from constants and what is short, and a counter is learnt by its rates', async (t) => {
  const counter = Float64Array.from({ length: 300 }, (_, i) => i * 100 + 40 * Math.sin(i / 3));
  const all = stored([new Float64Array(400).fill(7), drifting(60), counter]);
  const { training, judged } = await lessonBook(all, quick, seededRandom('s'));
  t.deepEqual(
    judged.map(({ name }) => name),
    ['s2'],
  );
  t.true(Math.max(...training[0]!.values) < 200);
  const none = await trainingRound(
    small.size,
    small.weights,
    { training: [], judged: [], samples: 0 },
    quick,
    parts(small.size),
  );
  t.like(none, { weights: null, reason: 'no series is long enough to learn from', comparison: null });
});

test('of many series so many are drawn, by the seed', async (t) => {
  const all = stored(Array.from({ length: 20 }, (_, index) => drifting(420, index)));
  const names = async (seed: string) =>
    (await lessonBook(all, { ...quick, series: 5 }, seededRandom(seed))).judged.map(({ name }) => name);
  const first = await names('a');
  t.is(new Set(first).size, 5);
  t.deepEqual(await names('a'), first);
  t.notDeepEqual(await names('b'), first);
});

test('the bar: a margin on the mean, a bound on the series that lose, enough to judge by', (t) => {
  const bar = { margin: 0.02, mostWorse: 0.3, leastOrigins: 8 };
  const good = { series: 10, origins: 40, before: 0.8, after: 0.7, ratio: 0.9, worse: 0.2 };
  t.is(refusal(good, bar), null);
  t.regex(refusal({ ...good, ratio: 0.985 }, bar)!, /0\.985 .* below 0\.980/);
  t.regex(refusal({ ...good, worse: 0.4 }, bar)!, /worse on 40 % of 10 series/);
  t.regex(refusal({ ...good, origins: 7 }, bar)!, /at 7 moments/);
  t.regex(refusal({ ...good, series: 0, ratio: Number.NaN }, bar)!, /nothing to judge/);
});
