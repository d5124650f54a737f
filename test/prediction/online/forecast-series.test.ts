import test from 'ava';
import { ForecastSeries } from '../../../src/prediction/online/forecast-series.ts';
import { lastValueModel } from '../../../src/prediction/online/last-value-model.ts';
import type { SeriesModel } from '../../../src/prediction/online/series-model.ts';

const horizon = 8;
const chosen: SeriesModel = { next: () => null };

/** A line that rises by one a step, and a model that is off by so much one step ahead, and by so much further ahead. */
function inUse(oneStep: number, further: number): ForecastSeries {
  const definition = { id: 0, name: 's', stepMs: 1000, horizon, value: 1 };
  const series = new ForecastSeries(definition, 0.9, lastValueModel(horizon));
  series.chose({ model: chosen, past: [] });
  for (let at = 0; at < 60; at++) {
    series.observe(at * 1000, at, at);
    const mean = Float64Array.from({ length: horizon }, (_, i) => at + i + 1 + (i === 0 ? oneStep : further));
    series.accuracy.predicted({
      endMs: at * 1000,
      stepMs: 1000,
      lastValue: at,
      mean,
      lower: mean.map((value) => value - 1),
      upper: mean.map((value) => value + 1),
    });
  }
  return series;
}

test('a model that errs one step ahead and is right further ahead stays in use', (t) => {
  t.is(inUse(2, 0).model, chosen);
});

test('one that errs more than the last value over the whole horizon gives way to it', (t) => {
  t.not(inUse(2, 9).model, chosen);
  t.not(inUse(0, 9).model, chosen);
});
