import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { onFullCollection } from './full-collections.ts';

/** What a full collection may take in one piece; below the other, V8 is given more room again. */
const tooLongMs = 40;
const shortMs = 20;
/** A collection of a heap of this size takes about 5 % of one core when it comes this often; of a larger one, more seldom. */
const paceMs = 4_000;
const paceBytes = 110 * 1024 * 1024;
/** By how much the heap grows between two collections, percent. From the last on V8 decides. */
const least = 15;
const most = 100;
const firstTried = 60;
/** V8's own judgement. */
export const byV8 = 0;

export interface FullCollection {
  readonly heldMs: number;
  /** Since the one before. */
  readonly sinceMs: number;
  /** What it left. */
  readonly heapBytes: number;
}

/** The growth to ask for after a collection that came under `growth`. */
export function nextGrowth(growth: number, { heldMs, sinceMs, heapBytes }: FullCollection): number {
  const dearestMs = paceMs * Math.max(1, heapBytes / paceBytes);
  if (heldMs < shortMs || sinceMs < dearestMs / 2)
    return growth * 1.25 < most ? Math.ceil(growth * 1.25) : byV8;
  if (heldMs <= tooLongMs || sinceMs < dearestMs) return growth;
  return growth === byV8 ? firstTried : Math.max(least, Math.round(growth / 1.5));
}

/**
 * Full collections in good time. What one takes in a single piece grows with what has died since the one before: each call over HTTP/2 leaves a few strings and a handle
 * outside of V8's heap, of which V8 takes no account when it lets the heap double and more. Under 1,500 calls a second a leader's event loop stood still for 80 to 200 ms
 * every 20 s. Where collections take too long they are asked for earlier, as far as they cost little.
 * For a process that serves: while its state is loaded nothing dies. Nothing is to be stopped: it observes for as long as the process lives.
 */
export function paceCollections(): void {
  let growth = byV8;
  let lastMs: number | null = null;
  onFullCollection((beganMs, heldMs) => {
    if (lastMs !== null) {
      const heapBytes = getHeapStatistics().used_heap_size;
      const next = nextGrowth(growth, { heldMs, sinceMs: beganMs - lastMs, heapBytes });
      if (next !== growth) setFlagsFromString(`--heap-growing-percent=${next}`);
      growth = next;
    }
    lastMs = beganMs;
  });
}
