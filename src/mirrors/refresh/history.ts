import type { HistoryRecord } from '../state/records.ts';

/** Changes kept of a resource: what the models of the next change look at, and at most some 8 KiB. */
const kept = 256;

/** Times never go back: a clock that did is told by the change before. */
export function withChange(
  history: HistoryRecord | null,
  [lowMs, highMs]: readonly [number, number],
): HistoryRecord {
  const changes = history?.changes ?? [];
  const lastMs = changes.at(-1)?.[1] ?? Number.NEGATIVE_INFINITY;
  const high = Math.round(Math.max(highMs, lastMs));
  const low = Math.round(Math.min(Math.max(lowMs, lastMs), high));
  return { changes: [...changes, [low, high] as const].slice(-kept) };
}

/** Whether the last change is known to the moment, from the origin, and not as what lies between two looks. */
export function isDated(history: HistoryRecord | null): boolean {
  const last = history?.changes.at(-1);
  return last !== undefined && last[0] === last[1];
}
