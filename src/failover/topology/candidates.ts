import { compareQuality, type HotSetQuality, qualityOf } from './hot-set.ts';
import type { TierPolicy } from './policy.ts';
import { best, isSettled, milliseconds } from './step.ts';
import { beyondQuorum, type TopologyMember, type TopologyView } from './view.ts';

/** A replica beyond the quorum that could vote, and what the voters would be with it. */
export interface Candidate {
  readonly member: TopologyMember;
  readonly quality: HotSetQuality;
}

/** Who could join `others` as a voter. */
export function candidatesFor(
  others: readonly TopologyMember[],
  view: TopologyView,
  policy: TierPolicy,
): readonly Candidate[] {
  return beyondQuorum(view)
    .filter((member) => isSettled(member, policy))
    .map((member) => ({ member, quality: qualityOf([...others, member], view.links, policy.spread) }));
}

/** Places first, then warm before cold, then the score, then how near it is. */
export function bestCandidate(candidates: readonly Candidate[]): Candidate | null {
  return best(
    candidates,
    (a, b) =>
      a.quality.excess - b.quality.excess ||
      Number(a.member.tier === 'cold') - Number(b.member.tier === 'cold') ||
      b.member.score - a.member.score ||
      compareQuality(a.quality, b.quality),
  );
}

/** Which voter is missed least; the leader and pinned ones stay. */
export function leastMissed(
  voters: readonly TopologyMember[],
  view: TopologyView,
  policy: TierPolicy,
): Candidate | null {
  const removable = voters
    .filter(({ id }) => id !== view.leader && !policy.pinned.includes(id))
    .map((member) => {
      const rest = voters.filter(({ id }) => id !== member.id);
      return { member, quality: qualityOf(rest, view.links, policy.spread) };
    });
  return best(removable, (a, b) => compareQuality(a.quality, b.quality) || a.member.score - b.member.score);
}

export function describe({ tier, score, labels }: TopologyMember, { spread }: TierPolicy): string {
  const place = spread === null ? '' : `, ${spread} ${labels[spread] ?? 'unknown'}`;
  return `${tier}, score ${score.toFixed(2)}${place}`;
}

export function describeQuality({ excess, quorumMs }: HotSetQuality, { spread }: TierPolicy): string {
  const distance = `majority at ${milliseconds(quorumMs)} on average`;
  if (spread === null) return distance;
  return excess === 0
    ? `${distance}, a quorum survives the loss of any ${spread}`
    : `${distance}, ${excess} too many in one ${spread}`;
}
