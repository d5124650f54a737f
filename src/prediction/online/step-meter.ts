const remembered = 15;

/** What lies between two values of a series as a rule: the median of the last intervals, so that a pause or a burst changes nothing. */
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
    const median = middle(this.#intervals);
    // A grid that moves by a little at every value would make a different series of the same past each time.
    if (this.#stepMs === 0 || Math.abs(median - this.#stepMs) > this.#stepMs / 10) this.#stepMs = rounded(median);
  }

  forget(): void {
    this.#intervals = [];
    this.#next = 0;
    this.#stepMs = this.#given;
  }
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/** To two significant digits, 995 to 1000 among them: what a clock's jitter leaves of a second is a second. */
function rounded(ms: number): number {
  return Math.max(1, Number(ms.toPrecision(2)));
}
