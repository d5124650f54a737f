import type { HarnessClock } from '../../../src/chaos/run/harness.ts';

interface Wait {
  readonly atMs: number;
  readonly end: () => void;
}

/** Time that passes as soon as everybody waits: the earliest wait ends next. */
export function virtualClock(): HarnessClock {
  let nowMs = 0;
  const waits = new Set<Wait>();
  let pumping = false;
  const pump = (): void => {
    let next: Wait | null = null;
    for (const wait of waits) if (next === null || wait.atMs < next.atMs) next = wait;
    if (next === null) {
      pumping = false;
      return;
    }
    waits.delete(next);
    nowMs = Math.max(nowMs, next.atMs);
    next.end();
    setImmediate(pump);
  };
  return {
    nowMs: () => nowMs,
    epochMs: () => 1_000_000 + nowMs,
    delay: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        const onAbort = (): void => {
          waits.delete(wait);
          resolve();
        };
        const end = (): void => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        };
        const wait = { atMs: nowMs + ms, end };
        waits.add(wait);
        signal?.addEventListener('abort', onAbort, { once: true });
        if (pumping) return;
        pumping = true;
        setImmediate(pump);
      }),
  };
}
