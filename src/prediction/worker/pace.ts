import { setTimeout as sleep } from 'node:timers/promises';
import type { ThreadContext } from './serve.ts';

/** Long work of the thread within a share of one core: `rest` is awaited between its slices of some 10 ms. */
export class Pace {
  readonly #context: Pick<ThreadContext, 'breathe'>;
  readonly #share: number;
  #resumedMs = performance.now();
  #workedMs = 0;

  /** `share`: 0 to 1. */
  constructor(context: Pick<ThreadContext, 'breathe'>, share: number) {
    this.#context = context;
    this.#share = Math.min(1, Math.max(0.001, share));
  }

  /** What was worked between rests, ms of this thread. */
  get workedMs(): number {
    return this.#workedMs;
  }

  /** Lets others go first, and rests for as long as the share asks for what was worked since the last time. */
  readonly rest = async (): Promise<void> => {
    const workedMs = performance.now() - this.#resumedMs;
    this.#workedMs += workedMs;
    const restMs = workedMs * (1 / this.#share - 1);
    if (restMs >= 1) await sleep(restMs);
    else await this.#context.breathe();
    this.#resumedMs = performance.now();
  };
}
