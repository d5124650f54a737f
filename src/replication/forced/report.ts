import { revision } from '../../foundation/ids.ts';
import type { AskedMember, ForcedReport, Fork, RangeReport } from '../../ports/lineage.ts';
import type { KeyRange, Revisions } from '../../ports/replication.ts';
import { moveOnBy } from '../../state/state-machine.ts';
import { isIn } from '../fork/fork-entry.ts';
import type { HeldContent } from './held-content.ts';

/**
 * What the replica can't vouch for: per range what the leader is known to have given beyond what is held, what is not held at all, and how old that
 * knowledge is at `wallMs`.
 */
export async function forcedReport(
  content: HeldContent,
  fork: Fork,
  asked: readonly AskedMember[],
  wallMs: number,
): Promise<ForcedReport> {
  const { held, mark, leases } = content;
  const ranges: RangeReport[] = [];
  for (const range of held.ranges)
    ranges.push({
      range,
      heldThrough: held.revisions[range.space],
      leaderThrough: Math.max(mark.leaderRevisions[range.space], held.revisions[range.space]),
      keys: await keysIn(content, range),
    });
  const spaces = ['user', 'planes', 'system'] as const;
  return {
    fork,
    leaderRevisions: mark.leaderRevisions,
    ranges,
    notHeld: spaces.flatMap((space) => {
      const own = held.ranges.filter((range) => range.space === space);
      return own.some(isAll) ? [] : [{ space, allBut: own }];
    }),
    leases: leases.length,
    firstRevisions: movedOn(held.revisions),
    asked,
    lastWord: { agoMs: Math.max(0, wallMs - mark.timeMs), heardAgoMs: content.ageMs },
  };
}

async function keysIn(content: HeldContent, range: KeyRange): Promise<number> {
  let keys = 0;
  for await (const values of content.values(range.space))
    for (const { key } of values) if (isIn([range], range.space, key)) keys++;
  return keys;
}

function isAll({ key, rangeEnd }: KeyRange): boolean {
  return (key === '' || key === '\0') && rangeEnd === '\0';
}

function movedOn({ user, planes, system, predicted }: Revisions): Revisions {
  const after = (at: number): Revisions['user'] => revision(at + moveOnBy + 1);
  return { user: after(user), planes: after(planes), system: after(system), predicted };
}
