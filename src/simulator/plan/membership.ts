import type { Random } from '../../foundation/random.ts';

/** A change of who votes, asked of whoever leads at that time. Machines by position, or that leader alone; all others learn. */
export interface MembershipChange {
  readonly atMs: number;
  readonly voters: readonly number[] | 'leader';
}

/**
 * Some seeds change the membership now and then. Everyone stays a member. The machines that may lose their disks stay a minority of the voters,
 * as nothing is promised beyond that.
 */
export function drawMembership(
  random: Random,
  nodes: number,
  fragile: readonly number[],
  safetyMs: number,
): readonly MembershipChange[] {
  if (nodes < 2 || !random.chance(0.3)) return [];
  const everyMs = random.pick([200, 500, 1500]);
  const changes: MembershipChange[] = [];
  for (let atMs = 300 + random.next() * everyMs; atMs < safetyMs; atMs += everyMs * (0.5 + random.next())) {
    if (random.chance(0.3)) {
      changes.push({ atMs, voters: 'leader' });
      continue;
    }
    const share = random.pick([0.3, 0.7, 1]);
    const voters = Array.from({ length: nodes }, (_, i) => i).filter(() => random.chance(share));
    const weak = voters.filter((index) => fragile.includes(index)).length;
    if (voters.length > 0 && weak * 2 < voters.length) changes.push({ atMs, voters });
  }
  return changes;
}

export const noTurnover = { joiners: 0, everyMs: 0 };

/** Some seeds in which nothing else changes the membership replace machines by fresh ones. */
export function drawTurnover(random: Random): { readonly joiners: number; readonly everyMs: number } {
  if (!random.chance(0.25)) return noTurnover;
  return { joiners: random.pick([1, 2, 3]), everyMs: random.pick([100, 300, 800]) };
}
