import type { Expected } from './next-items.ts';
import type { Item } from './sequence.ts';

export interface PlanLimits {
  /** Of all that is downloaded ahead and not asked for yet. */
  readonly budgetBytes: number;
  /** Below it nothing is downloaded. */
  readonly leastConfidence: number;
}

/** An item of unknown size counts as so many. */
export const typicalBytes = 50_000;

/**
 * What to download ahead, the first first. The surest come in until the budget is full: that wastes the fewest bytes of it. Those are
 * fetched in the order of confidence × size: what is worth most when time is short.
 */
export function planAhead(
  expected: readonly Expected[],
  { budgetBytes, leastConfidence }: PlanLimits,
): readonly Expected[] {
  const sizeOf = ({ sizeBytes }: Item): number => (sizeBytes === 0 ? typicalBytes : sizeBytes);
  const taken: Expected[] = [];
  let bytes = 0;
  for (const each of [...expected].sort((a, b) => b.confidence - a.confidence)) {
    if (each.confidence < leastConfidence) break;
    const size = sizeOf(each.item);
    if (bytes + size > budgetBytes) continue;
    bytes += size;
    taken.push(each);
  }
  return taken.sort((a, b) => b.confidence * sizeOf(b.item) - a.confidence * sizeOf(a.item));
}
