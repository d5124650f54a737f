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

/** Voters that could go, the one that is missed least first, and none that is clearly missed more; the leader and pinned ones stay. */
export function spareVoters(
  voters: readonly TopologyMember[],
  view: TopologyView,
  policy: TierPolicy,
): readonly Candidate[] {
  const removable = voters
    .filter(({ id }) => id !== view.leader && !policy.pinned.includes(id))
    .map((member) => {
      const rest = voters.filter(({ id }) => id !== member.id);
      return { member, quality: qualityOf(rest, view.links, policy.spread) };
    })
    .sort((a, b) => compareQuality(a.quality, b.quality) || a.member.score - b.member.score);
  const [first] = removable;
  return removable.filter(({ quality }) => first !== undefined && !isWorse(quality, first.quality, policy));
}

/** By more than an exchange would have to gain. */
function isWorse(quality: HotSetQuality, than: HotSetQuality, policy: TierPolicy): boolean {
  if (quality.excess !== than.excess) return quality.excess > than.excess;
  if (quality.quorumMs === null || than.quorumMs === null) return quality.quorumMs !== than.quorumMs;
  return isEnough(quality.quorumMs - than.quorumMs, quality.quorumMs, policy);
}

/** A gain in distance that is worth a move: beyond the noise of measurements. */
export function isEnough(gainMs: number, ofMs: number, { hysteresis, gainMs: least }: TierPolicy): boolean {
  return gainMs >= Math.max(least, hysteresis * ofMs);
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
