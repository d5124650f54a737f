import type { Scheduler } from './scheduler.ts';

/** A condition that is dear to look at: looked at once every `everyMs` of simulated time, and taken for unmet between. */
export function paced(scheduler: Scheduler, everyMs: number, condition: () => boolean): () => boolean {
  let nextMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (scheduler.nowMs < nextMs) return false;
    nextMs = scheduler.nowMs + everyMs;
    return condition();
  };
}
