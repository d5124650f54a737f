import type { PredictionSource } from '../../ports/prediction.ts';

/** Asks one source after the other, and takes what the first has that has anything. */
export function firstOf(
  sources: readonly (PredictionSource | null | undefined)[],
): PredictionSource | undefined {
  const there = sources.filter((source) => source !== null && source !== undefined);
  if (there.length === 0) return undefined;
  return {
    preApply(nowMs) {
      for (const source of there) {
        const ready = source.preApply(nowMs);
        if (ready.length > 0) return ready;
      }
      return [];
    },
    rehearse(nowMs) {
      for (const source of there) {
        const ready = source.rehearse?.(nowMs) ?? [];
        if (ready.length > 0) return ready;
      }
      return [];
    },
    async caughtUp(atMs) {
      await Promise.all(there.map((source) => source.caughtUp?.(atMs)));
    },
  };
}
