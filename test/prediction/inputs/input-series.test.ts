import test from 'ava';
import { InputSeries } from '../../../src/prediction/inputs/input-series.ts';

const known = (values: Float64Array): (number | null)[] =>
  [...values].map((each) => (Number.isNaN(each) ? null : each));

test('at each moment what was known by then: the second that ended last', (t) => {
  const series = new InputSeries(1);
  for (let second = 1; second <= 5; second++) series.observe(second * 1000, second * 10);
  t.deepEqual(known(series.sample(5300, 1000, 4)), [20, 30, 40, 50]);
  t.deepEqual(known(series.sample(4999, 1000, 3)), [20, 30, 40], 'not what came after');
  t.deepEqual(known(series.sample(2000, 1000, 4)), [null, null, 10, 20]);
});

test('what was read within a second counts as known at its end', (t) => {
  const series = new InputSeries(1);
  series.observe(1200, 4);
  series.observe(1800, 6);
  t.deepEqual(known(series.sample(1900, 1000, 1)), [null]);
  t.deepEqual(known(series.sample(2000, 1000, 1)), [5]);
});

test('a value holds for a few steps, and no longer', (t) => {
  const series = new InputSeries(1);
  series.observe(1000, 7);
  series.observe(20_000, 9);
  t.deepEqual(known(series.sample(6000, 1000, 6)), [7, 7, 7, 7, null, null]);
});

test('longer steps see means, and a longer past', (t) => {
  const series = new InputSeries(1);
  for (let second = 1; second <= 5000; second++) series.observe(second * 1000, second % 2);
  const means = series.sample(5000 * 1000, 60_000, 60);
  t.true(means.every((each) => Math.abs(each - 0.5) < 0.05));
});

test('a little back in time is late and left out; far back is another past', (t) => {
  const series = new InputSeries(1);
  for (let second = 1; second <= 40; second++) series.observe(second * 1000, 1);
  series.observe(38_000, 99);
  t.deepEqual(known(series.sample(40_000, 1000, 3)), [1, 1, 1]);
  series.observe(5000, 2);
  t.deepEqual(known(series.sample(40_000, 1000, 3)), [null, null, null]);
  t.deepEqual(known(series.sample(5000, 1000, 2)), [null, 2]);
  series.observe(Number.NaN, 1);
  series.observe(6000, Number.NaN);
  t.deepEqual(known(series.sample(6000, 1000, 2)), [2, 2]);
});
