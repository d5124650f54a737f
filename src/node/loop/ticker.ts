import type { Clock, Timer } from '../../ports/clock.ts';

/** An event loop that stands still for longer than this says nothing about peers until its sockets are drained. */
export const stallMs = 20;

export interface TickerOptions {
  readonly clock: Clock;
  readonly tickMs: number;
  readonly tick: () => void;
  /** The event loop stood still for `gapMs` beyond what a timer may be late. */
  readonly stalled: (gapMs: number) => void;
}

/** Raft's ticks. A late tick counts once: whoever could not run must not hold the time against others. */
export class Ticker {
  readonly #options: TickerOptions;
  #timer: Timer | null = null;
  #lagMs = 0;
  #worstMs = 0;

  constructor(options: TickerOptions) {
    this.#options = options;
    this.#next();
  }

  /** Smoothed lateness of the event loop. */
  get lagMs(): number {
    return this.#lagMs;
  }

  /** The latest that a tick was since the last call. */
  takeWorstMs(): number {
    const worstMs = this.#worstMs;
    this.#worstMs = 0;
    return worstMs;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #next(): void {
    const { clock, tickMs, tick, stalled } = this.#options;
    const dueMs = clock.nowMs() + tickMs;
    this.#timer = clock.after(tickMs, () => {
      const lateMs = Math.max(0, clock.nowMs() - dueMs);
      this.#lagMs += (lateMs - this.#lagMs) / 32;
      this.#worstMs = Math.max(this.#worstMs, lateMs);
      this.#next();
      if (lateMs > stallMs) stalled(lateMs);
      tick();
    });
  }
}
