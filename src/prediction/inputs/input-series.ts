import { mutant } from '../../foundation/mutants.ts';
import { at } from '../math/at.ts';
import { isUsable } from '../series/observations.ts';

/** The finest first; each is remembered for as many values as a choice of models looks back over, and some. */
const periodsMs = [1000, 16_000, 256_000] as const;
const capacity = 640;
const fewPeriods = 16;
/** Older than so many steps (and periods) a value says nothing of now. */
const stale = 3;

/**
 * The past of one input: means over periods that end at full seconds, and over longer ones for series of longer steps. A period counts as known at its end,
 * so who asks for a moment gets nothing of what came after it. 16 KiB, whatever comes.
 */
export class InputSeries {
  readonly id: number;
  readonly #levels = periodsMs.map((periodMs) => new Level(periodMs));

  constructor(id: number) {
    this.id = id;
  }

  /** What was so up to this moment, and known then. */
  observe(timeMs: number, value: number): void {
    if (!Number.isFinite(timeMs) || !isUsable(value)) return;
    for (const level of this.#levels) level.observe(timeMs, value);
  }

  /** At each of the last `length` moments of a grid, oldest first, the mean of the step before it; NaN where it is not known. */
  sample(endMs: number, stepMs: number, length: number): Float64Array {
    const level = this.#levels.findLast(({ periodMs }) => periodMs <= stepMs) ?? this.#levels[0];
    const values = new Float64Array(length).fill(Number.NaN);
    if (level === undefined) return values;
    for (let i = 0; i < length; i++) values[i] = level.before(endMs - (length - 1 - i) * stepMs, stepMs);
    return values;
  }
}

class Level {
  readonly periodMs: number;
  /** By number of the period, which is that of its end. */
  readonly #means = new Float64Array(capacity).fill(Number.NaN);
  #newest = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(periodMs: number) {
    this.periodMs = periodMs;
  }

  observe(timeMs: number, value: number): void {
    const number = Math.ceil(timeMs / this.periodMs);
    if (number < this.#newest) {
      // Another leader is a little behind; what is far behind is of another lineage, whose past is not this one.
      if (number > this.#newest - fewPeriods) return;
      this.#means.fill(Number.NaN);
    }
    if (number === this.#newest) {
      this.#count++;
      const mean = at(this.#means, this.#place(number));
      this.#means[this.#place(number)] = mean + (value - mean) / this.#count;
      return;
    }
    for (let gap = Math.max(this.#newest + 1, number - capacity + 1); gap < number; gap++)
      this.#means[this.#place(gap)] = Number.NaN;
    this.#means[this.#place(number)] = value;
    this.#newest = number;
    this.#count = 1;
  }

  /** Mean of the periods that ended in the step before a moment; where none did, the last one before them that is not stale. */
  before(momentMs: number, stepMs: number): number {
    const last = Math.floor(momentMs / this.periodMs) + (mutant.active === 'input-known-early' ? 1 : 0);
    const first = Math.floor((momentMs - stepMs) / this.periodMs) + 1;
    let sum = 0;
    let count = 0;
    for (let number = last; number >= first; number--) {
      const mean = this.#at(number);
      if (Number.isNaN(mean)) continue;
      sum += mean;
      count++;
    }
    if (count > 0) return sum / count;
    const oldest = last - stale * Math.max(1, Math.ceil(stepMs / this.periodMs));
    for (let number = Math.min(last, first - 1); number >= oldest; number--) {
      const mean = this.#at(number);
      if (!Number.isNaN(mean)) return mean;
    }
    return Number.NaN;
  }

  #at(number: number): number {
    return number > this.#newest || number <= this.#newest - capacity
      ? Number.NaN
      : at(this.#means, this.#place(number));
  }

  #place(number: number): number {
    return ((number % capacity) + capacity) % capacity;
  }
}
