import { assert, present } from '../../foundation/assert.ts';
import type { Candidate, History, Profile } from '../forecast.ts';
import type { PredictionWorker } from '../worker/host.ts';
import { forecastCall } from './calls.ts';
import { seasonsOf, tailLength } from './features/seasons.ts';
import type { Model } from './model.ts';

/** Histories a call: bounds what crosses to the worker at once. */
const historiesPerCall = 128;

/**
 * The recurrent network as one candidate among others. Of several models (the same one adapted with several seeds) it answers the mean.
 *
 * @throws from `forecast`, what `PredictionWorker.call` throws: then the others are still there
 */
export function gruCandidate(worker: PredictionWorker, models: readonly Model[], name = 'gru'): Candidate {
  assert(models.length > 0, 'a candidate has a model');
  return {
    name,
    costUs: 80 * models.length,
    minimumLength: () => 24,
    async forecast(histories: readonly History[], { seasons }: Profile, horizon: number) {
      const means: Float64Array[] = [];
      for (let from = 0; from < histories.length; from += historiesPerCall) {
        const requests = histories.slice(from, from + historiesPerCall).map(({ values }) => ({
          values: values.slice(-tailLength(seasonsOf(seasons, values.length))),
          seasons,
        }));
        const answers: (readonly Float64Array[])[] = [];
        for (const { size, weights } of models)
          answers.push(await worker.call(forecastCall, { size, weights, requests, horizon }));
        means.push(
          ...requests.map((_, index) => meanOf(answers.map((each) => present(each[index], 'an answer')))),
        );
      }
      return means;
    },
  };
}

function meanOf(all: readonly Float64Array[]): Float64Array {
  const first = present(all[0], 'a forecast');
  if (all.length === 1) return first;
  return first.map((_, step) => all.reduce((sum, each) => sum + (each[step] ?? 0), 0) / all.length);
}
