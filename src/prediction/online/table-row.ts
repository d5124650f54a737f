import { scoredSteps } from './accuracy.ts';
import { halfSteps } from './change-times.ts';

/**
 * A row of the table of predictions as numbers, so that many cross between threads at once. Header, then the confidence at each of `scoredSteps`,
 * then mean, lower and upper of each step 1…horizon, then how likely a change is within so many half steps after one (NaN: not known).
 */
const fields = [
  'id',
  'horizon',
  'endMs',
  'stepMs',
  'lastValue',
  'model',
  'observations',
  'error',
  'naiveError',
  'coverage',
  'scored',
  'revision',
  'input1',
  'input2',
  'input3',
] as const;
type Field = (typeof fields)[number];

/** Looked up thousands of times in the turn of a promotion. */
const indexOf: Readonly<Record<Field, number>> = {
  id: 0,
  horizon: 1,
  endMs: 2,
  stepMs: 3,
  lastValue: 4,
  model: 5,
  observations: 6,
  error: 7,
  naiveError: 8,
  coverage: 9,
  scored: 10,
  revision: 11,
  input1: 12,
  input2: 13,
  input3: 14,
};

/** Of the probability that something else happens than a change, to say anything of what happens then. */
const leastLeft = 1e-6;

/** No series has it for its number. */
export const noInput = -1;

/**
 * `model`: its index in the names that travel beside; `revision`: of the change that was the last one known; `input1`…: numbers of the series that it was
 * made from beside its own, else `noInput`.
 */
export type RowHeader = Readonly<Record<Field, number>>;

const headerLength = fields.length;
const confidenceAt = headerLength;
const valuesAt = headerLength + scoredSteps.length;

export function rowLength(horizon: number): number {
  return valuesAt + 3 * horizon + halfSteps(horizon);
}

/** One row, at `at` of a longer array. */
export class TableRow {
  readonly #numbers: Float64Array;
  readonly #at: number;

  constructor(numbers: Float64Array, at = 0) {
    this.#numbers = numbers;
    this.#at = at;
  }

  get(field: Field): number {
    return this.#number(indexOf[field]);
  }

  get length(): number {
    return rowLength(this.get('horizon'));
  }

  /** Numbers of the series that it was made from beside its own. */
  get inputs(): readonly number[] {
    return [this.get('input1'), this.get('input2'), this.get('input3')].filter((id) => id !== noInput);
  }

  mean(step: number): number {
    return this.#number(valuesAt + step - 1);
  }

  lower(step: number): number {
    return this.#number(valuesAt + this.get('horizon') + step - 1);
  }

  upper(step: number): number {
    return this.#number(valuesAt + 2 * this.get('horizon') + step - 1);
  }

  /** That of the next scored step at or beyond; of the last one beyond all. */
  confidence(step: number): number {
    const horizon = this.get('horizon');
    let found = 0;
    for (let i = 0; i < scoredSteps.length; i++) {
      const scored = scoredSteps[i] ?? 0;
      if (scored > horizon) break;
      found = this.#number(confidenceAt + i);
      if (scored >= step) break;
    }
    return found;
  }

  /**
   * Probability that the key changes until the moment `untilMs` after its last change, where it had not by `knownMs` after it. Null: not known, be it that
   * it should have changed long ago, or that this is further than what is told.
   */
  changeProbability(knownMs: number, untilMs: number): number | null {
    if ((2 * knownMs) / this.get('stepMs') >= halfSteps(this.get('horizon'))) return null;
    const known = this.#changed(knownMs);
    const until = this.#changed(Math.max(knownMs, untilMs));
    const left = 1 - known;
    return left >= leastLeft && !Number.isNaN(until) ? (until - known) / left : null;
  }

  /** A line between half steps; beyond the last as there. NaN: not known. */
  #changed(afterMs: number): number {
    const horizon = this.get('horizon');
    const at = (half: number): number => (half === 0 ? 0 : this.#number(valuesAt + 3 * horizon + half - 1));
    const halves = Math.min(halfSteps(horizon), Math.max(0, (2 * afterMs) / this.get('stepMs')));
    const whole = Math.floor(halves);
    const from = at(whole);
    return halves === whole ? from : from + (halves - whole) * (at(whole + 1) - from);
  }

  #number(index: number): number {
    return this.#numbers[this.#at + index] ?? Number.NaN;
  }
}

export interface RowValues {
  readonly header: RowHeader;
  readonly confidence: (step: number) => number;
  readonly mean: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** See `ChangeTimes`; null: not known. */
  readonly within: Float64Array | null;
}

/** Writes a row and says where the next one goes. */
export function writeRow(into: Float64Array, at: number, row: RowValues): number {
  for (const field of fields) into[at + indexOf[field]] = row.header[field];
  for (const [i, step] of scoredSteps.entries()) into[at + confidenceAt + i] = row.confidence(step);
  const { horizon } = row.header;
  into.set(row.mean, at + valuesAt);
  into.set(row.lower, at + valuesAt + horizon);
  into.set(row.upper, at + valuesAt + 2 * horizon);
  const changesAt = at + valuesAt + 3 * horizon;
  if (row.within?.length === halfSteps(horizon)) into.set(row.within, changesAt);
  else into.fill(Number.NaN, changesAt, changesAt + halfSteps(horizon));
  return at + rowLength(horizon);
}
