import { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';

/** For work that takes much memory: so many at a time, the others in their order, and no more than so many of those. */
export class Turns {
  readonly #clock: Clock;
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #mostMs: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** `mostMs`: the longest wait. Whoever waits may hold what those before it need. */
  constructor(clock: Clock, atOnce: number, mostWaiting: number, mostMs: number) {
    this.#clock = clock;
    this.#mostMs = mostMs;
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** Resolves to what ends the turn, to be called once. Fails as `overloaded` where too many wait, or for too long. */
  async enter(): Promise<() => void> {
    if (this.#running < this.#atOnce) this.#running++;
    else {
      if (this.#waiting.length >= this.#mostWaiting) throw tooMuch();
      // The turn of one that ends is the next one's.
      await new Promise<void>((resolve, reject) => {
        const next = (): void => {
          timer.cancel();
          resolve();
        };
        const timer = this.#clock.after(this.#mostMs, () => {
          this.#waiting.splice(this.#waiting.indexOf(next), 1);
          reject(tooMuch());
        });
        this.#waiting.push(next);
      });
    }
    return () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    };
  }
}

function tooMuch(): TanistError {
  return new TanistError('overloaded', 'too much metadata is asked for at once; ask again');
}
