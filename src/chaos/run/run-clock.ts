import { setMaxListeners } from 'node:events';
import { Stopped } from '../scenario.ts';
import type { HarnessClock } from './harness.ts';

/** The time that scripts have: every wait ends with `Stopped` when it is over, or when the run is told to stop. */
export class RunClock {
  readonly untilMs: number;
  readonly #clock: HarnessClock;
  readonly #over = new AbortController();
  readonly #stop: AbortSignal | undefined;
  readonly #end = (): void => this.end();

  constructor(clock: HarnessClock, forMs: number, stop?: AbortSignal) {
    this.#clock = clock;
    this.untilMs = clock.nowMs() + forMs;
    // One a wait that is under way: a soak's segment has as many as scripts whose time has not come.
    setMaxListeners(0, this.#over.signal);
    // And as many clocks as scripts that are not at their end yet, where the machine is slow.
    if (stop !== undefined) setMaxListeners(0, stop);
    this.#stop = stop;
    if (stop?.aborted === true) this.end();
    else stop?.addEventListener('abort', this.#end, { once: true });
  }

  get over(): boolean {
    return this.#over.signal.aborted || this.#clock.nowMs() >= this.untilMs;
  }

  remainingMs(): number {
    return this.#over.signal.aborted ? 0 : Math.max(0, this.untilMs - this.#clock.nowMs());
  }

  /** Whoever made the clock ends it, or `stop` remembers it for good. */
  end(): void {
    // Not by the option `signal`: Node 20 holds the removals of all but the last such listener weakly.
    this.#stop?.removeEventListener('abort', this.#end);
    this.#over.abort();
  }

  async pause(ms: number): Promise<void> {
    const left = this.remainingMs();
    await this.#clock.delay(Math.min(ms, left), this.#over.signal);
    if (ms >= left || this.over) throw new Stopped();
  }

  /** What `promise` resolves to, if that is in time. Its failure is not lost when it comes later: it is of no more interest. */
  async within<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => undefined);
    const ended = new AbortController();
    const stop = (): void => ended.abort();
    this.#over.signal.addEventListener('abort', stop, { once: true });
    try {
      if (this.over) throw new Stopped();
      return await Promise.race([
        promise,
        this.#clock.delay(this.remainingMs(), ended.signal).then(() => {
          throw new Stopped();
        }),
      ]);
    } finally {
      this.#over.signal.removeEventListener('abort', stop);
      ended.abort();
    }
  }
}
