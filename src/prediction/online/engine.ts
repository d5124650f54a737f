import { mutant } from '../../foundation/mutants.ts';
import type { History } from '../forecast.ts';
import { CpuBudget } from './cpu-budget.ts';
import { ForecastSeries } from './forecast-series.ts';
import { InputBook } from './input-book.ts';
import {
  type EngineFigures,
  type EngineLimits,
  type ObserveAnswer,
  type ObserveRequest,
  observationLength,
  type SeriesDefinition,
} from './messages.ts';
import { Samples } from './samples.ts';
import { ScaledError } from './scaled-error.ts';
import type { Chooser, ModelForecast } from './series-model.ts';
import { noInput, rowLength, writeRow } from './table-row.ts';

/** Forecasts computed together, and between two looks at the clock. */
const batchSize = 64;
/**
 * After so long a call is answered, whatever is left to do. The share alone does not end it: on a machine that is busy otherwise the thread gets so little
 * of a core that it never uses its share up, and whoever is not answered for long takes it for hung.
 */
export const mostCallMs = 500;

export interface NamedHistory {
  readonly name: string;
  /** As it is when it is called; null: there is too little, or nothing to forecast. */
  readonly history: () => History | null;
}

export interface EngineParts {
  readonly chooser: Chooser;
  /** Monotonic, ms with fraction. */
  readonly nowMs: () => number;
  /** CPU time of the process, ms. */
  readonly cpuMs: () => number;
  readonly memoryBytes: () => number;
  /** Lets whatever else the thread has to do go first. */
  readonly breathe: () => Promise<void>;
}

/**
 * All series of a node: takes observations, keeps forecasts up to date within its share of a core, the most valuable first. One call at a time;
 * what there was no time for is caught up with in the next ones.
 */
export class OnlineEngine {
  readonly #parts: EngineParts;
  readonly #series = new Map<number, ForecastSeries>();
  /** With values that their forecasts do not know yet. */
  readonly #due = new Set<ForecastSeries>();
  readonly #wanting = new Set<ForecastSeries>();
  /** With more to learn of when they change. */
  readonly #changing = new Set<ForecastSeries>();
  readonly #inputs = new InputBook();
  readonly #budget: CpuBudget;
  readonly #samples = new Samples();
  readonly #scaledError = new ScaledError();
  readonly #models: string[] = [];
  /**
   * What forecasts took while series waited for their choice: as much is the choices' due before further forecasts. A series that moves fast is always due, so
   * that without it forecasts by the wrong models would use up the share for ever.
   */
  #choicesDueMs = 0;
  #rows: Float64Array[] = [];
  #forecasts = 0;
  #choices = 0;
  /** Of those that were forgotten. */
  readonly #counts = { notNumbers: 0, wentBack: 0 };

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#budget = new CpuBudget(parts.nowMs, parts.cpuMs);
  }

  async observe(request: ObserveRequest): Promise<ObserveAnswer> {
    const { forgotten, defined, observations, options } = request;
    const taken = this.#budget.begin();
    for (const id of forgotten) this.#forget(id);
    for (const definition of defined) this.#define(definition, options.level);
    for (let at = 0; at + observationLength <= observations.length; at += observationLength) {
      const [id = -1, timeMs = 0, value = Number.NaN, revision = 0] = observations.subarray(
        at,
        at + observationLength,
      );
      this.#observe(id, timeMs, value, revision);
    }
    taken();
    const untilMs = this.#parts.nowMs() + mostCallMs;
    const inTime = (): boolean => this.#parts.nowMs() < untilMs || mutant.active === 'call-without-end';
    const chooses = options.isUrgent !== true;
    if (chooses && this.#choicesDueMs > 0)
      await this.#choose(options.cpu, () => inTime() && this.#choicesDueMs > 0);
    await this.#forecastDue(options, inTime);
    if (chooses) await this.#choose(options.cpu, inTime);
    if (chooses) await this.#learnChanges(options.cpu, inTime);
    const rows = joined(this.#rows);
    this.#rows = [];
    return { rows, models: this.#models, figures: this.#figures() };
  }

  /** The pasts of all series, for whoever learns from them. */
  *histories(): Generator<NamedHistory> {
    for (const { definition, observed } of this.#series.values()) {
      yield { name: definition.name, history: () => (observed.rests ? null : observed.history()) };
    }
  }

  history(id: number): History | null {
    const { observed } = this.#series.get(id) ?? {};
    return observed === undefined || observed.rests ? null : observed.history();
  }

  #define(definition: SeriesDefinition, level: number): void {
    const { id, name, horizon, role = 'forecast' } = definition;
    const known = this.#series.get(id);
    if (known?.definition.name === name) {
      known.definition = definition;
      return;
    }
    if (known !== undefined) this.#forget(id);
    if (role !== 'forecast') this.#inputs.add(id);
    if (role !== 'input')
      this.#series.set(id, new ForecastSeries(definition, level, this.#parts.chooser.first(horizon)));
  }

  #forget(id: number): void {
    this.#inputs.forget(id);
    const series = this.#series.get(id);
    if (series === undefined) return;
    this.#counts.notNumbers += series.observed.counts.notNumbers;
    this.#counts.wentBack += series.observed.counts.wentBack;
    this.#series.delete(id);
    this.#due.delete(series);
    this.#wanting.delete(series);
    this.#changing.delete(series);
  }

  #observe(id: number, timeMs: number, value: number, revision: number): void {
    this.#inputs.observe(id, timeMs, value);
    const series = this.#series.get(id);
    if (series === undefined) return;
    this.#scaledError.scored(series.observe(timeMs, value, revision), series.accuracy.scale);
    if (series.isDue) this.#due.add(series);
    if (series.wantsChoice(this.#parts.chooser.minimumLength)) this.#wanting.add(series);
    if (series.wantsChanges) this.#changing.add(series);
  }

  async #forecastDue({ cpu, isUrgent = false }: EngineLimits, inTime: () => boolean): Promise<void> {
    if (this.#due.size === 0) return;
    const order = byValue(this.#due);
    for (let at = 0; at < order.length; at += batchSize) {
      if (!(this.#budget.left(cpu) > 0 || isUrgent) || !inTime()) return;
      const taken = this.#budget.begin();
      const batch = order.slice(at, at + batchSize);
      for (const series of batch) {
        this.#due.delete(series);
        series.begun();
      }
      // All at once, so that models that compute in batches can.
      const forecasts = await Promise.all(
        batch.map(({ definition, observed, model }) =>
          observed.rests ? null : model.next(observed, this.#inputs.but(definition.id)),
        ),
      );
      for (const [i, series] of batch.entries()) {
        const forecast = forecasts[i];
        if (forecast?.mean.every(Number.isFinite) === true) this.#made(series, forecast);
      }
      const tookMs = taken();
      this.#choicesDueMs = this.#wanting.size === 0 ? 0 : this.#choicesDueMs + tookMs;
      await this.#parts.breathe();
    }
  }

  #made(series: ForecastSeries, forecast: ModelForecast): void {
    const { definition, accuracy, observed, revision } = series;
    const { horizon } = definition;
    const { model, mean } = forecast;
    const { stepMs, endMs } = forecast.history;
    const [input1 = noInput, input2 = noInput, input3 = noInput] = forecast.inputs;
    const { lastValue } = observed;
    const lower = forecast.lower ?? mean.map((value, i) => value - accuracy.halfWidth(i + 1));
    const upper = forecast.upper ?? mean.map((value, i) => value + accuracy.halfWidth(i + 1));
    // What is made in the middle of a step is about moments whose truth nobody keeps; and the last value is the one there, however changes come in batches.
    if (endMs === observed.endMs)
      accuracy.predicted({ endMs, stepMs, lastValue: observed.endValue, mean, lower, upper });
    const row = new Float64Array(rowLength(horizon));
    writeRow(row, 0, {
      header: {
        id: definition.id,
        horizon,
        endMs,
        stepMs,
        lastValue,
        model: this.#modelIndex(model),
        observations: observed.length,
        error: accuracy.error,
        naiveError: accuracy.naiveError,
        coverage: accuracy.coverage,
        scored: accuracy.scored,
        revision,
        input1,
        input2,
        input3,
      },
      confidence: (step) => accuracy.confidence(step),
      mean,
      lower,
      upper,
      within: series.changes.within,
    });
    this.#rows.push(row);
    this.#forecasts++;
    this.#samples.made(series.nameHash, revision, endMs, mean[0] ?? Number.NaN, accuracy.scale);
  }

  /** One after the other while there is time; the last may overdraw it, which the next ones wait for. */
  async #choose(share: number, goesOn: () => boolean): Promise<void> {
    const { chooser, breathe } = this.#parts;
    for (const series of byValue(this.#wanting)) {
      if (this.#budget.left(share) <= 0 || !goesOn()) return;
      this.#wanting.delete(series);
      if (series.observed.rests) continue;
      const taken = this.#budget.begin();
      const { id, horizon } = series.definition;
      const choice = await chooser.choose(series.observed, horizon, this.#inputs.but(id));
      this.#choicesDueMs = Math.max(0, this.#choicesDueMs - taken());
      if (choice === null) series.notChosen();
      else {
        series.chose(choice);
        this.#choices++;
        this.#due.add(series);
      }
      await breathe();
    }
  }

  /** When keys change comes last: without it they are taken to change with every step. */
  async #learnChanges(share: number, goesOn: () => boolean): Promise<void> {
    for (const series of byValue(this.#changing)) {
      if (this.#budget.left(share) <= 0 || !goesOn()) return;
      this.#changing.delete(series);
      if (!series.wantsChanges) continue;
      const taken = this.#budget.begin();
      series.changes.learn(series.observed.stepMs, series.definition.horizon);
      taken();
      this.#due.add(series);
      await this.#parts.breathe();
    }
  }

  #modelIndex(name: string): number {
    const index = this.#models.indexOf(name);
    return index >= 0 ? index : this.#models.push(name) - 1;
  }

  #figures(): EngineFigures {
    let { notNumbers, wentBack } = this.#counts;
    for (const { observed } of this.#series.values()) {
      notNumbers += observed.counts.notNumbers;
      wentBack += observed.counts.wentBack;
    }
    return {
      series: this.#series.size,
      inputs: this.#inputs.all.length,
      waiting: this.#due.size,
      forecasts: this.#forecasts,
      choices: this.#choices,
      cpuMs: this.#budget.usedMs,
      memoryBytes: this.#parts.memoryBytes(),
      scaledError: this.#scaledError.value,
      samples: this.#samples.rows(),
      notNumbers,
      wentBack,
    };
  }
}

function byValue(series: Iterable<ForecastSeries>): readonly ForecastSeries[] {
  return [...series].sort((a, b) => b.definition.value - a.definition.value);
}

function joined(rows: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  return all;
}
