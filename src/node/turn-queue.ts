import type { Clock } from '../ports/clock.ts';

/** Hands out turns of the event loop in the order of asking, one a turn: however many long tasks there are, one does a piece at a time. */
export class TurnQueue {
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) this.#clock.soon(() => this.#give());
    });
  }

  #give(): void {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) this.#clock.soon(() => this.#give());
  }
}
