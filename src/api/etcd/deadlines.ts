import { systemClock } from '../system-clock.ts';

/** Something that is given up on when it takes too long. */
export interface Timed {
  readonly sinceMs: number;
  readonly open: boolean;
  expire(): void;
}

const lookEveryMs = 100;

/** Gives up on what is still open `afterMs` after it began. All have the same time, so a queue is enough. */
export class Deadlines {
  readonly #afterMs: number;
  #queue: Timed[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(afterMs: number) {
    this.#afterMs = afterMs;
  }

  add(timed: Timed): void {
    this.#queue.push(timed);
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs).unref();
  }

  /** Gives up on everything now. */
  close(): void {
    const queue = this.#queue;
    this.#queue = [];
    this.#stop();
    for (const timed of queue) if (timed.open) timed.expire();
  }

  #look(): void {
    const queue = this.#queue.filter((timed) => timed.open);
    this.#queue = queue;
    const dueMs = systemClock.nowMs() - this.#afterMs;
    for (const timed of queue) {
      if (timed.sinceMs > dueMs) break;
      timed.expire();
    }
    if (queue.length === 0) this.#stop();
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
