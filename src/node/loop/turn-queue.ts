import type { Clock } from '../../ports/clock.ts';

/** Hands out turns of the event loop in the order of asking, one a turn: however many long tasks there are, one does a piece at a time. */
export class TurnQueue {
  readonly #clock: Clock;
  readonly #mayGo: () => boolean;
  #waiting: (() => void)[] = [];

  /** `mayGo`: false while nobody may do anything; asked every turn. */
  constructor(clock: Clock, mayGo: () => boolean) {
    this.#clock = clock;
    this.#mayGo = mayGo;
  }

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) this.#clock.soon(() => this.#give());
    });
  }

  #give(): void {
    if (this.#mayGo()) this.#waiting.shift()?.();
    if (this.#waiting.length > 0) this.#clock.soon(() => this.#give());
  }
}
