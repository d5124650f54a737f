import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { asError } from '../../foundation/errors.ts';

/** Work that goes on until it is stopped. */
export interface Pace {
  /** Nothing new is begun; resolves when what is under way has ended. Throws what a piece of work threw: a bug of the harness. */
  stop(): Promise<void>;
}

/**
 * `workers` that each do one piece of work at a time, together `perSecond` of them. A worker that was held up does not make up for it, so an
 * outage is not followed by a burst.
 */
export function startWorkers(
  workers: number,
  perSecond: number,
  nowMs: () => number,
  work: (worker: number, signal: AbortSignal) => Promise<void>,
): Pace {
  const stopping = new AbortController();
  const { signal } = stopping;
  // Every worker waits under it.
  setMaxListeners(0, signal);
  const everyMs = (1000 * workers) / perSecond;
  let failure: Error | null = null;
  const run = async (worker: number): Promise<void> => {
    let dueMs = nowMs() + (everyMs * worker) / workers;
    while (!signal.aborted) {
      const waitMs = dueMs - nowMs();
      if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await work(worker, signal);
      dueMs = Math.max(dueMs + everyMs, nowMs());
    }
  };
  const running = Array.from({ length: workers }, (_, worker) =>
    run(worker).catch((error: unknown) => {
      failure ??= asError(error);
      stopping.abort();
    }),
  );
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(running);
      if (failure !== null) throw failure;
    },
  };
}

/** Begins a piece of work `perSecond` times a second, whether or not earlier ones have ended. `work` never rejects. */
export function startOpenLoop(perSecond: number, nowMs: () => number, work: () => Promise<void>): Pace {
  const startedMs = nowMs();
  let begun = 0;
  let ended = 0;
  let finished: (() => void) | null = null;
  let failure: Error | null = null;
  const settle = (): void => {
    ended++;
    if (ended === begun) finished?.();
  };
  const timer = setInterval(() => {
    const due = Math.floor(((nowMs() - startedMs) * perSecond) / 1000);
    while (begun < due) {
      begun++;
      void work()
        .catch((error: unknown) => {
          failure ??= asError(error);
        })
        .finally(settle);
    }
  }, 1);
  return {
    stop: async () => {
      clearInterval(timer);
      if (ended < begun)
        await new Promise<void>((resolve) => {
          finished = resolve;
        });
      if (failure !== null) throw failure;
    },
  };
}
