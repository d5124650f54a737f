import { isUsable } from '../series/observations.ts';
import { Accuracy } from './accuracy.ts';
import { ChangeTimes } from './change-times.ts';
import type { SeriesDefinition } from './messages.ts';
import { hashOf } from './samples.ts';
import type { Choice, SeriesModel } from './series-model.ts';
import { SeriesOfKey } from './series-of-key.ts';

/** Lengths at which another model may have become possible; beyond the last again after so many more. */
const growth = [32, 96, 160, 288] as const;
const chooseEvery = 1024;
/** Between two choices for want of accuracy. */
const patience = 48;
/**
 * So many predictions in use say whether a choice was one: who then errs by this part more than the last value, over the whole horizon, gives way to it. One
 * step ahead alone says little of a series whose steps are short against what moves it.
 */
const trial = 16;
const mostError = 1.1;

/** A series with its past, its model, and how well that one did. */
export class ForecastSeries {
  readonly nameHash: number;
  readonly observed: SeriesOfKey;
  readonly accuracy: Accuracy;
  readonly changes = new ChangeTimes();
  definition: SeriesDefinition;
  model: SeriesModel;
  revision = 0;
  /** What `observed` had taken when the model was chosen, and its length then; null: it never was. */
  #takenThen = 0;
  #chosenAt: number | null = null;
  #errorThen = Number.NaN;
  /** Of `observed`, when the last forecast was begun. */
  #versionThen = 0;
  readonly #first: SeriesModel;
  /** In use since it was last judged: predictions one step ahead; and what had been met by then. */
  #inUse = { count: 0, error: 0, naive: 0 };

  constructor(definition: SeriesDefinition, level: number, first: SeriesModel) {
    this.definition = definition;
    this.nameHash = hashOf(definition.name);
    this.observed = new SeriesOfKey(definition.stepMs);
    this.accuracy = new Accuracy(definition.horizon, level);
    this.#first = first;
    this.model = first;
  }

  /** Whether there is something that the last forecast didn't know; the model that there is first looks at the newest value, whatever the step. */
  get isDue(): boolean {
    return this.observed.version !== this.#versionThen || this.model === this.#first;
  }

  /** A forecast is made of what there is now. */
  begun(): void {
    this.#versionThen = this.observed.version;
  }

  /** Says the error one step ahead where one is known now, else NaN. */
  observe(timeMs: number, value: number, revision: number): number {
    const { lastMs, counts, version } = this.observed;
    const wentBack = counts.wentBack;
    this.observed.observe(timeMs, value);
    if (this.definition.changes === true) this.changes.changed(timeMs);
    this.revision = revision;
    if (!isUsable(value)) return Number.NaN;
    if (this.observed.counts.wentBack > wentBack || !Number.isFinite(lastMs)) {
      this.accuracy.forgetWaiting();
      return Number.NaN;
    }
    if (this.observed.version === version) return Number.NaN;
    const { endMs, endValue, valueBeforeEnd, stepMs } = this.observed;
    const error = this.accuracy.found(endMs, endValue, valueBeforeEnd, stepMs);
    if (Number.isFinite(error)) this.#judge();
    return error;
  }

  /** Whether another model should be looked for. */
  wantsChoice(minimum: number): boolean {
    const { length } = this.observed;
    if (length < minimum) return false;
    const at = this.#chosenAt;
    if (at === null) return true;
    if (growth.some((each) => at < each && length >= each)) return true;
    const since = this.observed.taken - this.#takenThen;
    return since >= chooseEvery || (since >= patience && this.#isWorse());
  }

  /** Whether more is to be learnt of when it changes. */
  get wantsChanges(): boolean {
    return this.definition.changes === true && this.changes.wants(this.observed.stepMs);
  }

  chose(choice: Choice): void {
    this.model = choice.model;
    this.#inUse = { count: 0, ...this.accuracy.met };
    this.#chosenAt = this.observed.length;
    this.#takenThen = this.observed.taken;
    this.accuracy.begin(choice.past);
    this.#errorThen = this.accuracy.error / this.accuracy.naiveError;
  }

  /** It was looked for, and the series does not tell enough yet. */
  notChosen(): void {
    this.#chosenAt = this.observed.length;
    this.#takenThen = this.observed.taken;
  }

  #judge(): void {
    if (this.model === this.#first) return;
    const inUse = this.#inUse;
    inUse.count++;
    if (inUse.count < trial) return;
    const { error, naive } = this.accuracy.met;
    if (error - inUse.error > mostError * (naive - inUse.naive)) {
      this.model = this.#first;
      this.accuracy.begin([]);
    }
    this.#inUse = { count: 0, error, naive };
  }

  /** In use it errs far more than the past said, or its intervals do not hold what they say. */
  #isWorse(): boolean {
    const { error, naiveError, coverage } = this.accuracy;
    return error / naiveError > 1.5 * Math.max(0.5, this.#errorThen) || coverage < 0.75;
  }
}
