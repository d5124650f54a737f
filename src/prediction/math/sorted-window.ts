import { at } from './at.ts';
import { sortedQuantile } from './statistics.ts';

/** The last `capacity` numbers, kept sorted beside their order of arrival: adding is a search and a move, a quantile a look. */
export class SortedWindow {
  readonly #arrived: Float64Array;
  readonly #sorted: Float64Array;
  #size = 0;
  #next = 0;

  constructor(capacity: number) {
    this.#arrived = new Float64Array(capacity);
    this.#sorted = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  add(value: number): void {
    const capacity = this.#arrived.length;
    if (this.#size === capacity) this.#remove(at(this.#arrived, this.#next));
    this.#arrived[this.#next] = value;
    this.#next = (this.#next + 1) % capacity;
    const place = this.#placeOf(value);
    this.#sorted.copyWithin(place + 1, place, this.#size);
    this.#sorted[place] = value;
    this.#size++;
  }

  quantile(q: number): number {
    return sortedQuantile(this.#sorted.subarray(0, this.#size), q);
  }

  #remove(value: number): void {
    const place = this.#placeOf(value);
    this.#sorted.copyWithin(place, place + 1, this.#size);
    this.#size--;
  }

  /** Index of the first element that is not below the value. */
  #placeOf(value: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at(this.#sorted, middle) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
