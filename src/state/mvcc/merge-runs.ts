import type { ByteString } from '../../foundation/bytes.ts';

interface Run {
  readonly keys: readonly ByteString[];
  next: number;
}

/** The keys of sorted runs in one order, through a binary heap of the runs by their next key. */
export function* mergeRuns(sortedRuns: readonly (readonly ByteString[])[]): Generator<ByteString> {
  const heap: Run[] = sortedRuns.filter((keys) => keys.length > 0).map((keys) => ({ keys, next: 0 }));
  for (let at = (heap.length >>> 1) - 1; at >= 0; at--) sink(heap, at);
  for (;;) {
    const top = heap[0];
    if (top === undefined) return;
    yield head(top);
    top.next++;
    if (top.next === top.keys.length) {
      const last = heap.pop() as Run;
      if (heap.length === 0) return;
      heap[0] = last;
    }
    sink(heap, 0);
  }
}

function head(run: Run): ByteString {
  return run.keys[run.next] as ByteString;
}

function sink(heap: Run[], from: number): void {
  let at = from;
  const run = heap[at] as Run;
  const key = head(run);
  for (;;) {
    const leftAt = 2 * at + 1;
    const left = heap[leftAt];
    if (left === undefined) break;
    const right = heap[leftAt + 1];
    const rightIsLess = right !== undefined && head(right) < head(left);
    const child = rightIsLess ? right : left;
    if (head(child) >= key) break;
    heap[at] = child;
    at = rightIsLess ? leftAt + 1 : leftAt;
  }
  heap[at] = run;
}
