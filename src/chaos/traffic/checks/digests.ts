import type { TanistClient } from '../../../client/client.ts';
import type { Status } from '../../../protocol/status/status.ts';
import type { Violation } from '../../../verification/violation.ts';
import type { Target } from '../../target.ts';
import type { Verdict } from '../../traffic.ts';
import { onceComparable } from './comparable.ts';
import { verdict } from './verdict.ts';

/** What each hot member says of its spaces. */
export type SpaceDigests = Pick<Status, 'id' | 'spaces'>;

/** Equal digests at equal applied index on all hot members, for each space. Pure; null: they are not at one index. */
export function compareDigests(statuses: readonly SpaceDigests[]): readonly Violation[] | null {
  const [first, ...others] = statuses;
  if (first === undefined) return null;
  const violations: Violation[] = [];
  for (const space of first.spaces)
    for (const other of others) {
      const theirs = other.spaces.find((each) => each.space === space.space);
      if (theirs === undefined || theirs.digestIndex !== space.digestIndex) return null;
      if (theirs.digest !== space.digest)
        violations.push({
          check: 'digests',
          detail: `space ${space.space} at index ${space.digestIndex}: ${first.id} has ${space.digest}, ${other.id} has ${theirs.digest}`,
        });
    }
  return violations;
}

/** Asks the members that are voters at the end until all are at one index. */
export async function checkDigests(target: Target, client: TanistClient): Promise<Verdict> {
  return await onceComparable(async () => {
    const { members } = await client.status();
    const hot = members
      .filter(({ member }) => member.tier === 'hot')
      .map(({ member }) => member.clientAddress);
    const statuses = await Promise.all(hot.map((endpoint) => client.status({ endpoint, deadlineMs: 2000 })));
    const violations = compareDigests(statuses);
    if (violations === null) return null;
    const spaces = statuses[0]?.spaces ?? [];
    const detail = `${spaces.length} spaces of ${hot.length} hot members at index ${spaces[0]?.digestIndex ?? 0}`;
    return verdict('digests', detail, violations, { enough: hot.length > 1 });
  }, `the ${target.members.length} members did not come to one index`);
}
