import test from 'ava';
import fc from 'fast-check';
import { regularSeries } from '../../../src/prediction/series/regular.ts';
import { detectStep } from '../../../src/prediction/series/step.ts';

const series = (pairs: readonly (readonly [number, number])[]) => ({
  timesMs: pairs.map(([time]) => time),
  values: pairs.map(([, value]) => value),
});

test('a clean series comes back as it is', (t) => {
  const result = regularSeries(
    series([
      [0, 1],
      [1000, 2],
      [2000, 3],
    ]),
  );
  t.deepEqual(result?.history, { values: Float64Array.of(1, 2, 3), stepMs: 1000, endMs: 2000 });
  t.deepEqual(result?.repairs, { unreadable: 0, backwards: 0, duplicates: 0, filled: 0, gaps: 0 });
});

test('garbage, duplicates, a clock going back and a gap are put right and counted', (t) => {
  const result = regularSeries(
    series([
      [0, 0],
      [1000, 1],
      [Number.NaN, 9],
      [2000, Number.NaN],
      [2000, 7],
      [2000, 2],
      [6000, 6],
      [5000, 5],
      [7000, 7],
    ]),
  );
  t.deepEqual([...(result?.history.values ?? [])], [0, 1, 2, 3, 4, 5, 6, 7]);
  t.deepEqual([...(result?.observed ?? [])], [1, 1, 1, 0, 0, 1, 1, 1]);
  t.deepEqual(result?.repairs, { unreadable: 2, backwards: 1, duplicates: 1, filled: 2, gaps: 0 });
});

test('what was before a long gap is left out, if enough came after it', (t) => {
  const after = Array.from({ length: 200 }, (_, i): readonly [number, number] => [1_000_000 + i * 1000, i]);
  const result = regularSeries(series([[0, 1], [1000, 1], ...after]));
  t.is(result?.history.values.length, 200);
  t.is(result?.repairs.gaps, 1);
  const short = regularSeries(series([[0, 1], [1000, 1], ...after.slice(0, 20)]));
  t.true((short?.history.values.length ?? 0) > 900);
});

test('the step is the usual distance, and the nearest second under jitter', (t) => {
  t.is(detectStep(Float64Array.of(0, 300, 600, 1200, 1500)), 300);
  t.is(detectStep(Float64Array.of(0, 1003, 1998, 3001, 4004, 4999)), 1000);
  t.is(detectStep(Float64Array.of(5)), Number.NaN);
});

test('nothing readable is nothing', (t) => {
  t.is(regularSeries(series([])), null);
  t.is(
    regularSeries(
      series([
        [Number.NaN, 1],
        [1, Number.POSITIVE_INFINITY],
      ]),
    ),
    null,
  );
  t.is(regularSeries(series([[5, 1]]))?.history.values.length, 1);
});

test('whatever comes in, what comes out is finite, regular and ends at the last moment', (t) => {
  const number = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(Number.NaN));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), number), { maxLength: 60 }), (pairs) => {
      const result = regularSeries(series(pairs), { most: 10_000 });
      const readable = pairs.filter(([, value]) => Number.isFinite(value));
      if (result === null) return readable.length === 0;
      const { values, endMs } = result.history;
      return (
        endMs === Math.max(...readable.map(([time]) => time)) &&
        values.every(Number.isFinite) &&
        values.length === result.observed.length
      );
    }),
  );
  t.pass();
});
