const remembered = 15;
/** A pause between two bursts is so many usual intervals, and so many times the burst before it. */
const pauseIntervals = 16;
const pauseBursts = 8;
/** So many bursts in a row, about as far apart, are the rhythm of the series. */
const agreeing = 3;
const agreement = 1.5;

/**
 * What lies between two values of a series as a rule: the usual one of the last intervals, so that a pause or a burst changes nothing. Of values that always
 * come in bursts: what lies between these.
 */
export class StepMeter {
  readonly #given: number;
  #intervals: number[] = [];
  #next = 0;
  #stepMs: number;
  /** From the end of one burst to that of the next, the last few; and how long ago the last one ended. */
  #periods: number[] = [];
  #sinceMs = 0;

  /** `givenMs` 0: measured. */
  constructor(givenMs: number) {
    this.#given = givenMs;
    this.#stepMs = givenMs;
  }

  /** 0: not known yet. */
  get stepMs(): number {
    return this.#stepMs;
  }

  passed(intervalMs: number): void {
    if (this.#given > 0 || intervalMs <= 0) return;
    if (this.#intervals.length < remembered) this.#intervals.push(intervalMs);
    else this.#intervals[this.#next % remembered] = intervalMs;
    this.#next++;
    const usualMs = usual(this.#intervals);
    const stepMs = rounded(this.#burstPeriod(intervalMs, usualMs) ?? usualMs);
    // A grid that moves by a little at every value would make a different series of the same past each time.
    const isSettled = this.#next > remembered;
    if (!isSettled || Math.abs(stepMs - this.#stepMs) > this.#stepMs / 20) this.#stepMs = stepMs;
  }

  /** Null: values don't come in bursts. */
  #burstPeriod(intervalMs: number, usualMs: number): number | null {
    const burstMs = this.#sinceMs;
    this.#sinceMs += intervalMs;
    if (intervalMs >= pauseIntervals * usualMs) {
      if (intervalMs >= pauseBursts * burstMs)
        this.#periods = [...this.#periods, this.#sinceMs].slice(-agreeing);
      else this.#periods = [];
      this.#sinceMs = 0;
    }
    const [least = 0, middle = 0, most = 0] = [...this.#periods].sort((a, b) => a - b);
    if (this.#periods.length < agreeing || most > agreement * least) return null;
    if (this.#sinceMs > 2 * middle) this.#periods = [];
    return this.#periods.length === 0 ? null : middle;
  }

  forget(): void {
    this.#intervals = [];
    this.#next = 0;
    this.#periods = [];
    this.#sinceMs = 0;
    this.#stepMs = this.#given;
  }
}

/** Mean of those near the median: jitter of a clock takes from one interval what it gives to the next. */
function usual(intervals: readonly number[]): number {
  const sorted = [...intervals].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  let sum = 0;
  let count = 0;
  for (const interval of sorted) {
    if (interval < median / 2 || interval > median * 1.5) continue;
    sum += interval;
    count++;
  }
  return count === 0 ? median : sum / count;
}

/** What a clock's jitter and the pace of a writer leave of a second is a second: a number near a round one is that. */
function rounded(ms: number): number {
  for (const digits of [1, 2]) {
    const round = Number(ms.toPrecision(digits));
    if (Math.abs(ms - round) <= 0.015 * round) return Math.max(1, round);
  }
  return Math.max(1, Number(ms.toPrecision(3)));
}
