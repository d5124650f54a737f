import { bySpace, spaces } from '../../ports/delta.ts';
import type { Fork } from '../../ports/lineage.ts';
import type { HeldContent } from '../forced/held-content.ts';
import {
  completeFrom,
  entryOfValue,
  type ForkEntry,
  type ForkHead,
  isIn,
  lacksChanges,
} from './fork-entry.ts';

/**
 * What a warm or cold replica has that the new lineage has not: later values, and those of ranges that the promoted one did not hold. It keeps no history:
 * where it is further than the fork, the keys that it has unchanged tell what was deleted.
 */
export async function* forkOfHeld(content: HeldContent, fork: Fork): AsyncGenerator<readonly ForkEntry[]> {
  const head = headOfHeld(content, fork);
  for (const space of spaces) {
    if (space === 'predicted') continue;
    const isTold = lacksChanges(head, space);
    for await (const values of content.values(space)) {
      const entries = values.flatMap((value) => {
        const beyond = value.modRevision > fork.revisions[space];
        const isHeld = isIn(fork.ranges, space, value.key);
        if (!beyond && isHeld && !isTold) return [];
        const why = beyond ? 'beyond' : isHeld ? 'unchanged' : 'not-held';
        return [entryOfValue(value, why, space, content.mark.timeMs)];
      });
      if (entries.length > 0) yield entries;
    }
  }
}

export function headOfHeld(
  { held }: HeldContent,
  fork: Fork,
): Pick<ForkHead, 'fork' | 'revisions' | 'completeFrom'> {
  const { revisions } = held;
  return {
    fork,
    revisions,
    completeFrom: completeFrom(
      fork,
      bySpace((space) => revisions[space]),
    ),
  };
}
