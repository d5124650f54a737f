import type { Clock } from './clock.ts';

/** This machine's time and event loop. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs, act) => {
    const timer = setTimeout(act, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (act) => {
    setImmediate(act);
  },
};
