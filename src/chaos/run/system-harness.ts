import type { HarnessClock } from './harness.ts';

/** The machine's own clock. */
export const systemHarnessClock: HarnessClock = {
  nowMs: () => performance.now(),
  epochMs: () => performance.timeOrigin + performance.now(),
  delay: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal?.addEventListener('abort', end, { once: true });
    }),
};
