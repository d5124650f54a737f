/** When what failed is tried again: after waits that double from the first to the last, ms. Time is handed in. */
export class Backoff {
  readonly #firstMs: number;
  readonly #lastMs: number;
  #waitMs = 0;
  #dueAtMs = Number.NEGATIVE_INFINITY;

  constructor(firstMs: number, lastMs: number) {
    this.#firstMs = firstMs;
    this.#lastMs = lastMs;
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueAtMs;
  }

  /** Says how long to wait, ms. */
  failed(nowMs: number): number {
    this.#waitMs = Math.min(Math.max(this.#firstMs, 2 * this.#waitMs), this.#lastMs);
    this.#dueAtMs = nowMs + this.#waitMs;
    return this.#waitMs;
  }

  /** It did not fail, or is wanted no more. */
  over(): void {
    this.#waitMs = 0;
    this.#dueAtMs = Number.NEGATIVE_INFINITY;
  }
}
