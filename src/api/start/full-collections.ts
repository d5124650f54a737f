import { constants, PerformanceObserver } from 'node:perf_hooks';

/**
 * Calls `listener` after full collections, once for those of one moment: when the last one began (`performance.now()`), and for how long it held the event loop in one
 * piece. Returns how to end it.
 */
export function onFullCollection(listener: (beganMs: number, heldMs: number) => void): () => void {
  const observer = new PerformanceObserver((list) => {
    const full = list.getEntries().filter((entry) => 'detail' in entry && isFull(entry.detail));
    const last = full.at(-1);
    if (last !== undefined) listener(last.startTime, last.duration);
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}

function isFull(detail: unknown): boolean {
  return (
    typeof detail === 'object' &&
    detail !== null &&
    'kind' in detail &&
    detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR
  );
}
