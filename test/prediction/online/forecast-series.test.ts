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

test('the figures are those of the model in use: of its choice first, of the last value again when that took over', (t) => {
  const series = inUse(2, 0);
  const { scale } = series.accuracy;
  t.is(series.accuracy.error, 2);
  const past = { step: 1, truth: 5, lastValue: 4, mean: 4.75, lower: 4, upper: 6 };
  series.chose({ model: chosen, past: [past, past] });
  t.is(series.accuracy.error, 0.25);
  t.is(series.accuracy.scored, 2);
  t.is(series.accuracy.scale, scale, 'what replicas compare by is of the truth alone');
  const fallen = inUse(2, 9);
  t.true(fallen.accuracy.scored < 48, 'what the model before did is no figure of the last value');
});
