import type { Clock, Timer } from '../../src/ports/clock.ts';

/** Time that moves when a test says so. Between two timers all that waits in promises runs. */
export class TestClock implements Clock {
  #nowMs = 0;
  #wallMs: number;
  #due: { atMs: number; act: () => void }[] = [];

  constructor(wallMs = Date.UTC(2026, 0, 5)) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  after(delayMs: number, act: () => void): Timer {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), act };
    this.#due.push(timer);
    return {
      cancel: () => {
        this.#due = this.#due.filter((each) => each !== timer);
      },
    };
  }

  soon(act: () => void): void {
    setImmediate(act);
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#due.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#due = this.#due.filter((each) => each !== next);
      this.#move(Math.max(next.atMs, this.#nowMs));
      next.act();
      await settle();
    }
    this.#move(untilMs);
    await settle();
  }

  /** The calendar jumps; the monotonic clock doesn't. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  #move(toMs: number): void {
    this.#wallMs += toMs - this.#nowMs;
    this.#nowMs = toMs;
  }
}

/** The same time by a calendar that is `skewMs` ahead. */
export function skewed(clock: Clock, skewMs: number): Clock {
  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs() + skewMs,
    after: (delayMs, act) => clock.after(delayMs, act),
    soon: (act) => clock.soon(act),
  };
}

/** Everything that waits in promises, and what they start, without time passing. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
