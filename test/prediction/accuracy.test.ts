import test from 'ava';
import { isSeasonal, mase, naive2, smape } from '../../src/prediction/accuracy/m4.ts';

test('sMAPE and MASE by hand', (t) => {
  t.true(
    Math.abs(
      smape(Float64Array.of(100, 200), Float64Array.of(110, 180)) - ((200 * 10) / 210 + (200 * 20) / 380) / 2,
    ) < 1e-9,
  );
  // In-sample seasonal naive errors at season 2: |3−1|, |5−2|, |4−3| → 2.
  t.is(mase(Float64Array.of(1, 2, 3, 5, 4), Float64Array.of(6, 6), Float64Array.of(5, 3), 2), 1);
});

test('Naive 2 is naive without a season, and puts a multiplicative season back', (t) => {
  const flat = Float64Array.from({ length: 40 }, (_, i) => 10 + ((i * 7919) % 13));
  t.false(isSeasonal(flat.subarray(0, 5), 4));
  const figures = [0.5, 1, 1.5, 1];
  const past = Float64Array.from({ length: 41 }, (_, i) => 100 * (figures[i % 4] ?? 1));
  t.true(isSeasonal(past, 4));
  const forecast = naive2(past, 6, 4);
  const expected = [1, 1.5, 1, 0.5, 1, 1.5].map((figure) => 100 * figure);
  t.true(expected.every((value, k) => Math.abs((forecast[k] ?? 0) - value) < 1e-9));
  t.deepEqual([...naive2(past, 2, 1)], [50, 50]);
});
