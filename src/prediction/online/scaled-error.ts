const weight = 1 / 256;
const fewest = 32;
/** A single error counts no more than this. */
const most = 10;

/**
 * The rolling standardised error of all forecasts, one step ahead: the mean of |error| / mean |change of the true values|, so 1 is as good as the last
 * value. What it is divided by depends on the truth alone: it is the same on all replicas, however wrong their models are.
 */
export class ScaledError {
  #mean = 0;
  #count = 0;

  scored(error: number, scale: number): void {
    if (!Number.isFinite(error)) return;
    const scaled = error === 0 ? 0 : Math.min(most, scale > 0 ? error / scale : most);
    this.#count++;
    this.#mean += (scaled - this.#mean) * Math.max(weight, 1 / this.#count);
  }

  /** Null until enough is known. */
  get value(): number | null {
    return this.#count < fewest ? null : this.#mean;
  }
}
