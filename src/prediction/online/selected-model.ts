import { driven } from '../candidates/driven.ts';
import type { Candidate, History } from '../forecast.ts';
import { driversOf } from '../inputs/drivers.ts';
import type { InputSeries } from '../inputs/input-series.ts';
import { sampledInputs } from '../inputs/sampled.ts';
import { fromEnd } from '../math/at.ts';
import { selectBestModel } from '../selection/select-best-model.ts';
import type { Selected } from '../selection/selected.ts';
import { scoredSteps } from './accuracy.ts';
import { lastValueModel } from './last-value-model.ts';
import type { Choice, Chooser, ModelForecast, PastForecast, SeriesModel } from './series-model.ts';
import type { SeriesOfKey } from './series-of-key.ts';

/** Before it a choice is chance, and worse than the last value as often as not. */
const leastLength = 24;
/** What a choice looks back over. */
const windowSteps = 512;
/** Models are fitted anew after so many steps; between two fits the history grows. */
const refitSteps = 192;
/** A backtest of fewer origins is chance, of more is slow. */
const origins = 24;
/** Kept at work beside each other; their weighted median is the forecast. */
const members = 2;

export interface SelectionParts {
  readonly candidates: () => readonly Candidate[];
  /** What intervals cover, 0 to 1. */
  readonly level: number;
  /** A candidate failed; the others go on. */
  readonly onFault: (candidate: string, error: unknown) => void;
}

/** The best of many candidates by a backtest over the series' own past. */
export function selectionChooser({ candidates, level, onFault }: SelectionParts): Chooser {
  return {
    minimumLength: leastLength,
    first: lastValueModel,
    async choose(series, horizon, inputs): Promise<Choice | null> {
      const own = series.history(windowSteps);
      if (own === null || own.values.length < leastLength) return null;
      const past: PastForecast[] = [];
      const history = withInputs(own, inputs);
      // Most series follow nothing: a look says so, and costs them no more.
      const follows = driversOf(history, 1).length > 0;
      const selected = await selectBestModel(
        history,
        {
          candidates: follows ? [...candidates(), driven] : candidates(),
          horizon,
          level,
          origins,
          members,
          refit: refitSteps,
          onFault,
        },
        (origin, _, forecast) => past.push(...metBy(history, origin, forecast)),
      );
      return { model: new SelectedModel(selected, history, inputs), past };
    },
  };
}

class SelectedModel implements SeriesModel {
  readonly #selected: Selected;
  /** Where the history begins that the models were fitted to: later ones must begin there, too. */
  #startMs: number;
  /** Those that there were when the models were fitted, which know them by their places. */
  #inputs: readonly InputSeries[];

  constructor(selected: Selected, history: History, inputs: readonly InputSeries[]) {
    this.#selected = selected;
    this.#startMs = startOf(history);
    this.#inputs = inputs;
  }

  async next(series: SeriesOfKey, inputs: readonly InputSeries[]): Promise<ModelForecast | null> {
    let history = series.historySince(this.#startMs);
    if (history === null) return null;
    if (
      this.#selected.refitDue(history) ||
      history.values.length > windowSteps + refitSteps ||
      startOf(history) > this.#startMs + history.stepMs
    ) {
      history = series.history(windowSteps);
      if (history === null) return null;
      this.#startMs = startOf(history);
      this.#inputs = inputs;
      this.#selected.observe(history);
      this.#selected.refit(withInputs(history, inputs));
    }
    const known = this.#inputs;
    const forecast = await this.#selected.next(withInputs(history, known));
    const { model, mean, lower, upper, inputs: used = [] } = forecast;
    return { model, history, mean, lower, upper, inputs: used.flatMap((i) => known[i]?.id ?? []) };
  }
}

function withInputs(history: History, inputs: readonly InputSeries[]): History {
  return inputs.length === 0
    ? history
    : { ...history, inputs: sampledInputs(inputs, history.endMs, history.stepMs) };
}

function startOf({ values, stepMs, endMs }: History): number {
  return endMs - (values.length - 1) * stepMs;
}

function metBy(
  { values }: History,
  origin: number,
  {
    mean,
    lower,
    upper,
  }: Pick<ModelForecast, 'mean'> & { readonly lower: Float64Array; readonly upper: Float64Array },
): readonly PastForecast[] {
  const lastValue = values[origin - 1] ?? Number.NaN;
  return scoredSteps.flatMap((step) => {
    const truth = values[origin + step - 1];
    if (truth === undefined || step > mean.length) return [];
    const at = (of: Float64Array): number => fromEnd(of, of.length - step);
    return [{ step, truth, lastValue, mean: at(mean), lower: at(lower), upper: at(upper) }];
  });
}
