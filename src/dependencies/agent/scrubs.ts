import type { Clock } from '../../ports/clock.ts';
import type { ObjectCache } from '../cache/object-cache.ts';

const everyMs = 6 * 3_600_000;
const betweenObjectsMs = 50;

/** Reads all objects again and again, a little at a time. Returns what ends it. */
export function startScrubs(cache: ObjectCache, clock: Clock, say: (text: string) => void): () => void {
  let stopped = false;
  let timer = clock.after(everyMs, () => void scrub());
  const pause = (): Promise<void> => new Promise((resolve) => void clock.after(betweenObjectsMs, resolve));
  const scrub = async (): Promise<void> => {
    const { damaged } = await cache.scrub(async () => {
      if (!stopped) await pause();
    });
    if (damaged > 0) say(`${damaged} objects of the cache were damaged and are gone`);
    if (!stopped) timer = clock.after(everyMs, () => void scrub());
  };
  return () => {
    stopped = true;
    timer.cancel();
  };
}
