import { TanistError } from '../../foundation/errors.ts';

/** For work that takes much memory: so many at a time, the others in their order, and no more than so many of those. */
export class Turns {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** Resolves to what ends the turn, to be called once. Fails as `overloaded` where too many wait. */
  async enter(): Promise<() => void> {
    if (this.#running < this.#atOnce) this.#running++;
    else {
      if (this.#waiting.length >= this.#mostWaiting)
        throw new TanistError('overloaded', 'too much metadata is asked for at once; ask again');
      // The turn of one that ends is the next one's.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    };
  }
}
