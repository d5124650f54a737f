import { nth } from '../math/at.ts';

/** Residuals in a row on one side of the forecast, each beyond `TIMES` the usual error, that say: the level has changed. */
const RUN = 3;
const TIMES = 5;

/** Whether the last residuals say that the world is no longer what the models were chosen for. `usual`: mean absolute error so far. */
export function levelBroken(residuals: ArrayLike<number>, usual: number): boolean {
  if (residuals.length < RUN || !(usual > 0)) return false;
  const side = Math.sign(nth(residuals, residuals.length - 1));
  for (let k = 1; k <= RUN; k++) {
    if (!(nth(residuals, residuals.length - k) * side > TIMES * usual)) return false;
  }
  return true;
}

const SLACK = 0.5;
const LIMIT = 25;

/**
 * Page–Hinkley test (Page 1954) on the standardised absolute error: has it grown for good? `standardised` is the absolute error in units
 * of its own long mean, so 1 is as usual. Resets itself after an alarm.
 */
export class PageHinkley {
  #sum = 0;
  #least = 0;

  /** True: the error has grown lastingly. */
  add(standardised: number): boolean {
    // One wild error is not a drift: its weight is bounded.
    this.#sum += Math.min(standardised, 5) - 1 - SLACK;
    this.#least = Math.min(this.#least, this.#sum);
    if (this.#sum - this.#least <= LIMIT) return false;
    this.#sum = 0;
    this.#least = 0;
    return true;
  }

  /** 0: as usual; 1: alarm. */
  get evidence(): number {
    return Math.min(1, (this.#sum - this.#least) / LIMIT);
  }
}
