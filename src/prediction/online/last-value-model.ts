import type { SeriesModel } from './series-model.ts';

/** What there is before a model is chosen, and for as long as nothing is better. */
export function lastValueModel(horizon: number): SeriesModel {
  return {
    next(series) {
      const { stepMs, lastMs, lastValue } = series;
      if (series.length < 2 || stepMs <= 0) return null;
      const mean = new Float64Array(horizon).fill(lastValue);
      return {
        model: 'last-value',
        history: { stepMs, endMs: lastMs },
        mean,
        lower: null,
        upper: null,
        inputs: [],
      };
    },
  };
}
