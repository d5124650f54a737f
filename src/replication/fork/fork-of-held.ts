import { spaces } from '../../ports/delta.ts';
import type { Fork } from '../../ports/lineage.ts';
import type { HeldContent } from '../forced/held-content.ts';
import { entryOfValue, type ForkEntry } from './fork-entry.ts';

/** What a warm or cold replica has that the new lineage has not: later values, and those of ranges that the promoted one did not hold. */
export async function* forkOfHeld(content: HeldContent, fork: Fork): AsyncGenerator<readonly ForkEntry[]> {
  for (const space of spaces) {
    if (space === 'predicted') continue;
    for await (const values of content.values(space)) {
      const entries = values
        .map((value) => entryOfValue(value, space, fork, content.mark.timeMs))
        .filter((entry) => entry !== null);
      if (entries.length > 0) yield entries;
    }
  }
}
