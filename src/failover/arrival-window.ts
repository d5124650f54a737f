import { assert } from '../foundation/assert.ts';

/** Mean and deviation of the last `size` samples, in constant time a sample. */
export class ArrivalWindow {
  readonly #samples: Float64Array;
  #count = 0;
  #next = 0;
  #sum = 0;
  #sumOfSquares = 0;

  constructor(size: number) {
    assert(size >= 2, 'an arrival window needs two samples at least');
    this.#samples = new Float64Array(size);
  }

  get count(): number {
    return this.#count;
  }

  add(sample: number): void {
    const samples = this.#samples;
    if (this.#count === samples.length) {
      const oldest = samples[this.#next] ?? 0;
      this.#sum -= oldest;
      this.#sumOfSquares -= oldest * oldest;
    } else {
      this.#count++;
    }
    samples[this.#next] = sample;
    this.#sum += sample;
    this.#sumOfSquares += sample * sample;
    this.#next++;
    if (this.#next === samples.length) {
      this.#next = 0;
      this.#recompute();
    }
  }

  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  get deviation(): number {
    if (this.#count < 2) return 0;
    const mean = this.mean;
    return Math.sqrt(Math.max(0, this.#sumOfSquares / this.#count - mean * mean));
  }

  /** Once a round, so that rounding errors don't add up over weeks. */
  #recompute(): void {
    let sum = 0;
    let squares = 0;
    for (const sample of this.#samples) {
      sum += sample;
      squares += sample * sample;
    }
    this.#sum = sum;
    this.#sumOfSquares = squares;
  }
}
