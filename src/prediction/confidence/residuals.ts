import { at } from '../math/at.ts';
import { SortedWindow } from '../math/sorted-window.ts';

/** What is believed of the serial dependence before there are residuals counts as so many of them. */
const BELIEF = 8;

/** The last residuals of one step ahead: their quantiles, their size, and how much they say. */
export class Residuals {
  readonly #window: SortedWindow;
  readonly #arrived: Float64Array;
  #next = 0;
  #sum = 0;
  #squares = 0;
  #products = 0;
  readonly #believed: number;

  /** `ahead`: steps, from 1. Forecasts made one step apart share `ahead − 1` of their steps, and so of their errors. */
  constructor(capacity: number, ahead: number) {
    this.#window = new SortedWindow(capacity);
    this.#arrived = new Float64Array(capacity);
    this.#believed = 1 - 1 / ahead;
  }

  get size(): number {
    return this.#window.size;
  }

  /** Sum of their squares. */
  get squares(): number {
    return Math.max(0, this.#squares);
  }

  /** So many independent ones would say as much (Bayley & Hammersley 1946, for serial dependence that fades geometrically). */
  get independent(): number {
    const { size } = this;
    if (size < 2) return size;
    const bias = (this.#sum / size) ** 2;
    const variance = this.#squares / size - bias;
    // What all of them share is a bias, which the quantiles know.
    const measured = variance > 1e-9 * bias ? (this.#products / (size - 1) - bias) / variance : 0;
    const belief = BELIEF / (BELIEF + size);
    const rho = Math.min(0.98, Math.max(0, belief * this.#believed + (1 - belief) * measured));
    return Math.max(1, (size * (1 - rho)) / (1 + rho));
  }

  quantile(q: number): number {
    return this.#window.quantile(q);
  }

  add(residual: number): void {
    const capacity = this.#arrived.length;
    const before = this.size > 0 ? at(this.#arrived, (this.#next + capacity - 1) % capacity) : 0;
    if (this.size === capacity) {
      const oldest = at(this.#arrived, this.#next);
      this.#sum -= oldest;
      this.#squares -= oldest ** 2;
      this.#products -= oldest * at(this.#arrived, (this.#next + 1) % capacity);
    }
    this.#window.add(residual);
    this.#sum += residual;
    this.#squares += residual ** 2;
    this.#products += before * residual;
    this.#arrived[this.#next] = residual;
    this.#next = (this.#next + 1) % capacity;
  }
}
