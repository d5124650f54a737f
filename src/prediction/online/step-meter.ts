const remembered = 15;

/** What lies between two values of a series as a rule: the usual one of the last intervals, so that a pause or a burst changes nothing. */
export class StepMeter {
  readonly #given: number;
  #intervals: number[] = [];
  #next = 0;
  #stepMs: number;

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
    const stepMs = rounded(usual(this.#intervals));
    // A grid that moves by a little at every value would make a different series of the same past each time.
    const isSettled = this.#next > remembered;
    if (!isSettled || Math.abs(stepMs - this.#stepMs) > this.#stepMs / 20) this.#stepMs = stepMs;
  }

  forget(): void {
    this.#intervals = [];
    this.#next = 0;
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
