import { spaces } from '../../ports/delta.ts';
import type { Fork } from '../../ports/lineage.ts';
import type { HeldContent } from '../forced/held-content.ts';
import { type ForkEntry, isIn } from './fork-entry.ts';

/** What a warm or cold replica has that the new lineage has not: later values, and those of ranges that the promoted one did not hold. */
export async function* forkOfHeld(content: HeldContent, fork: Fork): AsyncGenerator<readonly ForkEntry[]> {
  for (const space of spaces) {
    if (space === 'predicted') continue;
    for await (const values of content.values(space)) {
      const entries: ForkEntry[] = [];
      for (const { key, value, modRevision, createRevision, version, lease } of values) {
        const beyond = modRevision > fork.revisions[space];
        if (!beyond && isIn(fork.ranges, space, key)) continue;
        entries.push({
          why: beyond ? 'beyond' : 'not-held',
          committed: true,
          space,
          op: 'put',
          key,
          value,
          revision: modRevision,
          sub: 0,
          createRevision,
          version,
          lease: String(lease),
          timeMs: content.mark.timeMs,
        });
      }
      if (entries.length > 0) yield entries;
    }
  }
}
