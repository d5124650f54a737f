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

test('values faster than the step that is given: one a step, the last of it, and a step that is not over is none', (t) => {
  const series = new SeriesOfKey(1000);
  for (let i = 0; i <= 20_000; i++) series.observe(1e12 + i * 20, i);
  t.true(series.length > 390 && series.length < 410, `${series.length} steps of 400 s`);
  const { values: kept, endMs } = series.history()!;
  t.deepEqual(
    [...kept.slice(1)].map((value, i) => value - kept[i]!).filter((each) => each !== 50),
    [],
  );
  t.is(kept.at(-1)! * 20, endMs - 1e12, 'a value stands at its own moment');
  t.true(endMs <= series.lastMs && endMs > series.lastMs - 1000);
  t.is(series.lastValue, 20_000);
});

test('jitter around a rate above the step leaves one value a step', (t) => {
  const series = new SeriesOfKey(1000);
  for (let i = 0; i < 4000; i++) series.observe(1e12 + i * 100 + ((i * 7919) % 41) - 20, i);
  t.true(Math.abs(series.length - 400) < 5, `${series.length}`);
  const kept = values(series);
  t.true(kept.slice(1).every((value, i) => Math.abs(value - kept[i]! - 10) <= 1));
});

test('nothing is lost of a series at its step, however its clock jitters', (t) => {
  const series = new SeriesOfKey(1000);
  for (let i = 0; i < 500; i++) series.observe(1e12 + i * 1003 + ((i * 7919) % 201) - 100, i);
  t.is(series.length, 500);
  t.is(series.endMs, series.lastMs, 'the newest is known at once');
});

test('bursts count as their last value, and what lies between them is the step', (t) => {
  for (const given of [0, 1000]) {
    const series = new SeriesOfKey(given);
    for (let second = 0; second < 100; second++)
      for (let i = 0; i < 30; i++)
        series.observe(1e12 + second * 1000 + i * 2, second + (i === 29 ? 0.5 : Math.sin(i)));
    t.is(series.stepMs, 1000);
    t.deepEqual(
      values(series).slice(-90),
      Array.from({ length: 90 }, (_, i) => i + 10.5),
    );
  }
});

test('numbers whose squares have no end are none, and counted', (t) => {
  const series = every(1000, [1, 2, 1e308, -1e155, 3], 1000);
  t.deepEqual(values(series), [1, 2, 2, 2, 3]);
  t.is(series.counts.notNumbers, 2);
});

test('a pause now and then is no rhythm of bursts', (t) => {
  const series = new SeriesOfKey(0);
  for (let i = 0; i < 300; i++) series.observe(1e12 + i * 1000 + Math.floor(i / 40) * 30_000, i);
  t.is(series.stepMs, 1000);
});

test('after a pause that leaves room for it the past is still known', (t) => {
  const series = every(
    200,
    Array.from({ length: 400 }, (_, i) => i),
  );
  series.observe(1e12 + 399 * 200 + 13_000, 400);
  t.is(series.counts.pauses, 0);
  const kept = values(series);
  t.deepEqual([kept.length, kept[0], kept[399], kept[463], kept[464]], [465, 0, 399, 399, 400]);
});
