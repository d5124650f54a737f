import test from 'ava';
import { mostObservations, SeriesOfKey } from '../../../src/prediction/online/series-of-key.ts';

const values = (series: SeriesOfKey): readonly number[] => [...(series.history()?.values ?? [])];

function every(stepMs: number, numbers: readonly number[], given = 0): SeriesOfKey {
  const series = new SeriesOfKey(given);
  for (const [i, number] of numbers.entries()) series.observe(1e12 + i * stepMs, number);
  return series;
}

test('the step is measured, and what a key held between is held', (t) => {
  const series = every(1000, [1, 2, 3, 4]);
  t.is(series.stepMs, 1000);
  t.deepEqual(values(series), [1, 2, 3, 4]);
  series.observe(1e12 + 6000, 7);
  t.deepEqual(values(series), [1, 2, 3, 4, 4, 4, 7], 'a gap of two');
  t.is(series.history()?.endMs, 1e12 + 6000);
});

test('jitter of the clock neither changes the step nor loses a value', (t) => {
  const series = new SeriesOfKey(0);
  for (let i = 0; i < 40; i++) series.observe(1e12 + i * 1000 + ((i * 7919) % 61) - 30, i);
  t.is(series.stepMs, 1000);
  t.deepEqual(
    values(series).slice(-30),
    Array.from({ length: 30 }, (_, i) => i + 10),
  );
});

test('several values of one moment count as the last', (t) => {
  const series = every(1000, [1, 2, 3]);
  series.observe(1e12 + 2000, 9);
  t.deepEqual(values(series), [1, 2, 9]);
});

test('a clock that goes back takes what was later with it', (t) => {
  const series = every(1000, [1, 2, 3, 4, 5]);
  series.observe(1e12 + 2500, 30);
  t.is(series.counts.wentBack, 1);
  t.is(series.lastMs, 1e12 + 2500);
  t.is(series.length, 4);
  series.observe(0, 7);
  t.deepEqual([series.length, series.lastValue], [1, 7]);
  series.observe(Number.NaN, 8);
  t.is(series.length, 1, 'no time, no value');
});

test('what is no number is a gap; many of them end the series until there are numbers again', (t) => {
  const series = every(1000, [1, 2, 3]);
  series.observe(1e12 + 3000, Number.NaN);
  t.true(series.rests);
  t.deepEqual(values(series), [1, 2, 3]);
  series.observe(1e12 + 4000, 5);
  t.false(series.rests);
  t.deepEqual(values(series), [1, 2, 3, 3, 5]);
  for (let i = 0; i < 8; i++) series.observe(1e12 + 5000 + i, Number.NaN);
  t.is(series.history(), null);
  t.is(series.counts.notNumbers, 9);
  series.observe(1e12 + 9000, 1);
  series.observe(1e12 + 9100, 2);
  t.deepEqual(values(series), [1, 2]);
  t.is(series.stepMs, 100, 'of its new life');
});

test('a long pause ends what was before it', (t) => {
  const series = every(100, [1, 2, 3, 4]);
  series.observe(1e12 + 100_000, 5);
  t.is(series.counts.pauses, 1);
  t.is(series.history(), null);
  series.observe(1e12 + 100_100, 6);
  t.deepEqual(values(series), [5, 6]);
});

test('a step that is given is not measured', (t) => {
  const series = every(500, [1, 2, 3, 4, 5], 1000);
  t.is(series.stepMs, 1000);
  t.deepEqual(values(series), [1, 3, 5]);
});

test('it is bounded, and the oldest goes first', (t) => {
  const series = every(
    1000,
    Array.from({ length: 5000 }, (_, i) => i),
  );
  t.is(series.length, mostObservations);
  const kept = values(series);
  t.deepEqual([kept.length, kept[0], kept.at(-1)], [mostObservations, 5000 - mostObservations, 4999]);
});
