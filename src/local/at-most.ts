import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when `work` has ended, well or not, or after `ms`. Of the time that is left no timer remains, which would keep the process alive. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  const late = delay(ms, undefined, { signal: ended.signal }).catch(() => undefined);
  await Promise.race([work.catch(() => undefined), late]);
  ended.abort();
}
