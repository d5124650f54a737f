import test from 'ava';
import { predictionReadings } from '../../src/api/metrics/prediction-readings.ts';
import type { Scrape } from '../../src/api/metrics/reading.ts';

const scrapeOf = (status: object | null) =>
  ({ node: { prediction: status === null ? null : { status: () => status } } }) as unknown as Scrape;

const read = (name: string, status: object | null) =>
  predictionReadings.find((each) => each.name === name)!.read(scrapeOf(status));

test('which models it forecasts with, and which it cannot use', (t) => {
  const models = [
    { name: 'gru-base', hash: 'ab', fault: null },
    { name: 'other', hash: '', fault: 'cut short' },
  ];
  t.deepEqual(read('tanist_prediction_model_used', { models }), [
    [{ model: 'gru-base', hash: 'ab' }, 1],
    [{ model: 'other', hash: '' }, 0],
  ]);
  t.deepEqual(read('tanist_prediction_model_used', null), []);
});

test('a clock that went back is counted', (t) => {
  t.deepEqual(read('tanist_prediction_went_back_total', { wentBack: 3 }), [[{}, 3]]);
});
