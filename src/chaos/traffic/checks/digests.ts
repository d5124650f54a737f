import { setTimeout as delay } from 'node:timers/promises';
import type { TanistClient } from '../../../client/client.ts';
import { asError } from '../../../foundation/errors.ts';
import type { Status } from '../../../protocol/status.ts';
import type { Violation } from '../../../verification/violation.ts';
import type { Target } from '../../target.ts';
import type { Verdict } from '../../traffic.ts';
import { verdict } from './verdict.ts';

const patienceMs = 15_000;
const everyMs = 50;

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
  const untilMs = performance.now() + patienceMs;
  let why = 'the members did not come to one index';
  while (performance.now() < untilMs) {
    try {
      const { members } = await client.status();
      const hot = members
        .filter(({ member }) => member.tier === 'hot')
        .map(({ member }) => member.clientAddress);
      const statuses = await Promise.all(
        hot.map((endpoint) => client.status({ endpoint, deadlineMs: 2000 })),
      );
      const violations = compareDigests(statuses);
      const spaces = statuses[0]?.spaces ?? [];
      if (violations !== null)
        return verdict(
          'digests',
          `${spaces.length} spaces of ${hot.length} hot members at index ${spaces[0]?.digestIndex ?? 0}`,
          violations,
          {
            enough: hot.length > 1,
          },
        );
    } catch (error) {
      why = asError(error).message;
    }
    await delay(everyMs);
  }
  return {
    check: 'digests',
    answer: 'unknown',
    detail: `${why} within ${patienceMs / 1000} s, of ${target.members.length} members`,
    violations: [],
  };
}
