import { assert } from '../../foundation/assert.ts';

/**
 * A measurement without its noise: the median of the last few samples, so that single outliers don't count, then an exponentially weighted mean of
 * those medians.
 */
export class Smoothed {
  readonly #size: number;
  readonly #gain: number;
  readonly #samples: number[] = [];
  #value: number | null = null;

  constructor(size = 5, gain = 0.25) {
    assert(size >= 1 && gain > 0 && gain <= 1, 'a window of one sample at least, a gain above 0 up to 1');
    this.#size = size;
    this.#gain = gain;
  }

  /** Null before the first sample. */
  get value(): number | null {
    return this.#value;
  }

  add(sample: number): void {
    if (!Number.isFinite(sample) || sample < 0) return;
    this.#samples.push(sample);
    if (this.#samples.length > this.#size) this.#samples.shift();
    const sorted = [...this.#samples].sort((a, b) => a - b);
    const middle = (sorted.length - 1) / 2;
    const median = ((sorted[Math.floor(middle)] ?? sample) + (sorted[Math.ceil(middle)] ?? sample)) / 2;
    this.#value = this.#value === null ? median : this.#value + this.#gain * (median - this.#value);
  }
}
