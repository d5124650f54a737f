import type { PredictionStatus } from '../../ports/prediction-status.ts';
import { counter, gauge, labelled, type Reading, type Scrape } from './reading.ts';

/** Of the scrape under way: every reading asks for it. */
const statuses = new WeakMap<Scrape, { readonly status: PredictionStatus | null }>();

function statusOf(scrape: Scrape): PredictionStatus | null {
  const known = statuses.get(scrape);
  if (known !== undefined) return known.status;
  const status = scrape.node.prediction?.status() ?? null;
  statuses.set(scrape, { status });
  return status;
}

const of =
  (value: (status: PredictionStatus) => number | null) =>
  (scrape: Scrape): number | null => {
    const status = statusOf(scrape);
    return status === null ? null : value(status);
  };

/** Of the predictor; a node without one has none of them. */
export const predictionReadings: readonly Reading[] = [
  labelled('gauge', 'tanist_predictor_state', 'What the predictor does', ['state'], (scrape) => {
    const status = statusOf(scrape);
    return status === null ? [] : [[{ state: status.state }, 1]];
  }),
  gauge(
    'tanist_prediction_keys',
    'Keys that are forecast',
    of((s) => s.keys),
  ),
  gauge(
    'tanist_prediction_keys_refused',
    'Keys whose policy asks for predictions and that the budget leaves out',
    of((s) => s.refused),
  ),
  gauge(
    'tanist_prediction_series',
    'Numbers in them that are forecast',
    of((s) => s.series),
  ),
  gauge(
    'tanist_prediction_series_ready',
    'Those with a forecast at hand',
    of((s) => s.ready),
  ),
  gauge(
    'tanist_prediction_series_behaviour',
    'Series of how the application behaves that are forecast beside them',
    of((s) => s.behaviour),
  ),
  gauge(
    'tanist_prediction_series_waiting',
    'Those, and series of behaviour, with values that their forecast does not know yet',
    of((s) => s.waiting),
  ),
  counter(
    'tanist_predictions_total',
    'Forecasts made',
    of((s) => s.forecasts),
  ),
  counter(
    'tanist_prediction_choices_total',
    'Times that the model of a series was chosen',
    of((s) => s.choices),
  ),
  counter(
    'tanist_predictions_applied_total',
    'Predictions made for promotions of this node',
    of((s) => s.preApplied),
  ),
  counter(
    'tanist_predictions_met_total',
    'Predictions of failovers that met their truth',
    of((s) => s.met.count),
  ),
  labelled(
    'gauge',
    'tanist_predictions_met_error',
    'Mean error of their numbers, and of the last true values in their place: 0 to 1, in parts of the largest of both and half the interval',
    ['value'],
    (scrape) => {
      const met = statusOf(scrape)?.met;
      if (met === undefined || met.count === 0) return [];
      return [
        [{ value: 'predicted' }, met.error],
        [{ value: 'last' }, met.lastError],
      ];
    },
  ),
  counter(
    'tanist_prediction_errors_total',
    'Calls of the predictor that failed, faults of its thread, and models that failed while others forecast',
    of((s) => s.errors),
  ),
  counter(
    'tanist_prediction_not_numbers_total',
    'Values that were no numbers',
    of((s) => s.notNumbers),
  ),
  counter(
    'tanist_prediction_went_back_total',
    "Times that the clock of a series' values went back",
    of((s) => s.wentBack),
  ),
  labelled(
    'gauge',
    'tanist_prediction_model_used',
    'Models of the recurrent network in the log: 1 it forecasts with it, 0 it cannot; none at all: it forecasts without',
    ['model', 'hash'],
    (scrape) =>
      (statusOf(scrape)?.models ?? []).map(({ name, hash, fault }) => [
        { model: name, hash },
        fault === null ? 1 : 0,
      ]),
  ),
  counter(
    'tanist_prediction_dropped_total',
    'Changes dropped unseen',
    of((s) => s.dropped),
  ),
  gauge(
    'tanist_prediction_scaled_error',
    "Rolling error one step ahead, of last value's",
    of((s) => s.scaledError),
  ),
  gauge(
    'tanist_predictor_cpu_ratio',
    'Part of one core that forecasting took of late',
    of((s) => s.cpuShare),
  ),
  gauge(
    'tanist_predictor_memory_bytes',
    'Heap of its thread, and what is outside it',
    of((s) => s.memoryBytes),
  ),
];
