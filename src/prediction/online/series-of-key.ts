import type { History } from '../forecast.ts';
import { isUsable } from '../series/observations.ts';
import { StepMeter } from './step-meter.ts';

/** What is remembered of a series: 16 bytes a value, and of each step of the grid one value as a rule. */
export const mostObservations = 768;
const firstCapacity = 32;
/** What comes so many steps after the value before begins a step of its own, and is known at once to be that step's. */
const ownStep = 0.75;
/** What comes so soon after the beginning of such a step is the same burst. */
const burstSteps = 0.5;
/** A pause longer than so many steps ends what was before: the pause would be most of what is remembered. */
const longestPauseSteps = mostObservations / 2;
/** So many values in a row that are no numbers, and the series rests until there are numbers again for as long. */
const restAfter = 8;

export interface SeriesCounts {
  /** Values that were no numbers. */
  readonly notNumbers: number;
  /** Times that the clock of the values went back, and what was later was forgotten. */
  readonly wentBack: number;
  readonly pauses: number;
}

/**
 * The past of one number of one key, as its changes tell it: a key holds its value until the next change. Bounded; the oldest goes first. Of the values of
 * one step the last is kept. Where a step is given and values come faster, a step that is not over yet is none of the history: the grid would have a
 * shorter step at its end than elsewhere.
 * Time is cluster time, which goes back only with a lineage whose past is another one: then what is not of it is forgotten.
 */
export class SeriesOfKey {
  #times = new Float64Array(firstCapacity);
  #values = new Float64Array(firstCapacity);
  #count = 0;
  /** Index of the oldest. */
  #start = 0;
  readonly #meter: StepMeter;
  readonly #isGiven: boolean;
  /** What comes before it is of the newest value's step. */
  #openUntilMs = Number.NEGATIVE_INFINITY;
  /** Whether the newest value stands for its step already. */
  #isSettled = true;
  #taken = 0;
  #version = 0;
  #badInARow = 0;
  #counts = { notNumbers: 0, wentBack: 0, pauses: 0 };

  /** `stepMs` 0: measured. */
  constructor(stepMs: number) {
    this.#meter = new StepMeter(stepMs);
    this.#isGiven = stepMs > 0;
  }

  /** Steps that have a value of their own. */
  get length(): number {
    return this.#count;
  }

  /** Those since the beginning; it only grows. */
  get taken(): number {
    return this.#taken;
  }

  /** Another one whenever the end of histories is another one. */
  get version(): number {
    return this.#version;
  }

  /** Where histories end: the newest value, or that of the last step that is over. −∞: nowhere yet. */
  get endMs(): number {
    return this.#known === 0 ? Number.NEGATIVE_INFINITY : this.#timeAt(this.#known - 1);
  }

  /** The value there, and the one of the step before; NaN: there is none. */
  get endValue(): number {
    return this.#known === 0 ? Number.NaN : this.#valueAt(this.#known - 1);
  }
  get valueBeforeEnd(): number {
    return this.#known < 2 ? Number.NaN : this.#valueAt(this.#known - 2);
  }

  /** 0: not known yet. */
  get stepMs(): number {
    return this.#meter.stepMs;
  }

  get counts(): SeriesCounts {
    return this.#counts;
  }

  /** The newest; NaN and −∞ when there is none. */
  get lastValue(): number {
    return this.#count === 0 ? Number.NaN : this.#valueAt(this.#count - 1);
  }
  get lastMs(): number {
    return this.#count === 0 ? Number.NEGATIVE_INFINITY : this.#timeAt(this.#count - 1);
  }

  /** Nothing is to be forecast: the values are no numbers of late. */
  get rests(): boolean {
    return this.#badInARow > 0;
  }

  /** `value` NaN: it was no number. Several values of one step count as the last of them. */
  observe(timeMs: number, value: number): void {
    if (!Number.isFinite(timeMs)) return;
    if (!isUsable(value)) {
      this.#counts.notNumbers++;
      this.#badInARow = Math.min(restAfter, this.#badInARow + 1);
      if (this.#badInARow === restAfter) this.#forget();
      return;
    }
    this.#badInARow = 0;
    if (timeMs < this.lastMs) this.#goBack(timeMs);
    if (timeMs === this.lastMs) this.#replace(timeMs, value);
    else {
      if (this.#count > 0) this.#meter.passed(timeMs - this.lastMs);
      this.#take(timeMs, value);
    }
  }

  #take(timeMs: number, value: number): void {
    const { stepMs } = this;
    const { lastMs } = this;
    const isFirst = this.#count === 0 || stepMs <= 0;
    const steps = isFirst ? 1 : (timeMs - lastMs) / stepMs;
    if (steps > longestPauseSteps) {
      this.#counts.pauses++;
      this.#count = 0;
    }
    if (steps >= ownStep) {
      this.#append(timeMs, value);
      this.#openUntilMs = timeMs + burstSteps * stepMs;
      this.#isSettled = true;
    } else if (timeMs < this.#openUntilMs) this.#replace(timeMs, value);
    else {
      this.#append(timeMs, value);
      this.#openUntilMs = Math.max(lastMs, this.#openUntilMs) + stepMs;
      this.#isSettled = !this.#isGiven;
    }
  }

  #replace(timeMs: number, value: number): void {
    const newest = this.#index(this.#count - 1);
    this.#times[newest] = timeMs;
    this.#values[newest] = value;
    // A whole step after the one before: nothing is missing, though others came between.
    this.#isSettled ||= timeMs - this.endMs >= this.stepMs;
    if (this.#isSettled) this.#version++;
  }

  /** Values that histories are made of. */
  get #known(): number {
    return this.#isSettled ? this.#count : this.#count - 1;
  }

  /**
   * The last `most` steps on the grid that ends at `endMs`: at each moment the value that the key had, or got less than half a step later. Null
   * where there are fewer than two steps.
   */
  history(most: number = mostObservations): History | null {
    const { stepMs, endMs } = this;
    if (this.#known < 2 || stepMs <= 0) return null;
    const steps = Math.floor((endMs - this.#timeAt(0)) / stepMs + 0.5) + 1;
    const length = Math.min(most, steps);
    if (length < 2) return null;
    return this.#grid(length, endMs, stepMs);
  }

  /** The same from `startMs` on, or from the oldest value. */
  historySince(startMs: number): History | null {
    const { stepMs, endMs } = this;
    if (stepMs <= 0) return null;
    return this.history(Math.floor((endMs - startMs) / stepMs + 0.5) + 1);
  }

  #grid(length: number, endMs: number, stepMs: number): History {
    const values = new Float64Array(length);
    let at = this.#known - 1;
    for (let i = length - 1; i >= 0; i--) {
      const momentMs = endMs - (length - 1 - i) * stepMs;
      while (at > 0 && this.#timeAt(at) >= momentMs + stepMs / 2) at--;
      values[i] = this.#valueAt(at);
    }
    return { values, stepMs, endMs };
  }

  #goBack(timeMs: number): void {
    this.#counts.wentBack++;
    while (this.#count > 0 && this.lastMs > timeMs) this.#count--;
    this.#openUntilMs = Number.NEGATIVE_INFINITY;
    this.#isSettled = true;
  }

  #forget(): void {
    this.#count = 0;
    this.#start = 0;
    this.#isSettled = true;
    this.#meter.forget();
  }

  #append(timeMs: number, value: number): void {
    if (this.#count === this.#times.length && this.#count < mostObservations) this.#grow();
    if (this.#count === this.#times.length) {
      this.#start = (this.#start + 1) % this.#times.length;
      this.#count--;
    }
    const index = this.#index(this.#count);
    this.#times[index] = timeMs;
    this.#values[index] = value;
    this.#count++;
    this.#taken++;
    this.#version++;
  }

  #grow(): void {
    const capacity = Math.min(mostObservations, this.#times.length * 2);
    const times = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    for (let i = 0; i < this.#count; i++) {
      times[i] = this.#timeAt(i);
      values[i] = this.#valueAt(i);
    }
    this.#times = times;
    this.#values = values;
    this.#start = 0;
  }

  #index(position: number): number {
    return (this.#start + position) % this.#times.length;
  }

  #timeAt(position: number): number {
    return this.#times[this.#index(position)] ?? Number.NaN;
  }

  #valueAt(position: number): number {
    return this.#values[this.#index(position)] ?? Number.NaN;
  }
}
