import test from 'ava';
import { predictorText } from '../../src/cli/commands/cluster/predictor-text.ts';
import type { PredictionStatus } from '../../src/ports/prediction-status.ts';

const status: PredictionStatus = {
  ...{ state: 'running', keys: 3, series: 3, mostSeries: 10, refused: 0, ready: 2, waiting: 0, forecasts: 9 },
  ...{ choices: 1, errors: 0, memoryBytes: 0, notNumbers: 0, dropped: 0, wentBack: 0, preApplied: 0 },
  ...{ behaviour: 0, lastError: null, cpuShare: 0, scaledError: null },
  met: { count: 0, error: 0, lastError: 0 },
  models: [{ name: 'gru-base', hash: 'f', fault: null }],
};

test('a predictor that is as it should be is one short line', (t) => {
  t.is(predictorText(status), 'predictor: running  3 keys, 3 series, 2 forecast  0 % of a core, 0 MiB');
  t.is(predictorText({ ...status, keys: 0, models: [] }), 'predictor: running  no key asks for predictions');
});

test('what predictions go without is said: a model, values that are no numbers, changes, a clock', (t) => {
  const text = predictorText({ ...status, models: [], notNumbers: 7, dropped: 5, wentBack: 2 });
  for (const part of [
    'without the recurrent network: no model is loaded',
    '7 values were no numbers',
    '5 changes dropped',
    '2 times the clock',
  ])
    t.true(text.includes(part), text);
  const refused = predictorText({ ...status, models: [{ name: 'm', hash: '', fault: 'cut short' }] });
  t.true(refused.includes('model m is not used: cut short'), refused);
});
