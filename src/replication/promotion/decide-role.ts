import type { NodeId } from '../../foundation/ids.ts';
import type { Fork } from '../../ports/lineage.ts';
import type { Lineage } from '../../ports/replication.ts';
import { type Tier, tierOf } from '../../ports/tier.ts';
import type { MemberLineage } from '../../protocol/promotion.ts';
import { forkFrom } from '../fork/fork-note.ts';
import { compareLineage } from '../lineage.ts';

/** What a member has to do about its role. */
export type RoleDecision =
  | { readonly do: 'stay' }
  /** Fetch an image and become hot. */
  | { readonly do: 'prefetch' }
  | { readonly do: 'become'; readonly tier: Exclude<Tier, 'hot'> }
  /** It is hot by the facts and its disk is empty: a new store, which its peers doubt until it is caught up (promise 6). */
  | { readonly do: 'begin-hot'; readonly lineage: Lineage }
  /** Save what is beyond the fork, then be of the new lineage. */
  | { readonly do: 'fence'; readonly fork: Fork };

const stay: RoleDecision = { do: 'stay' };

/** Beyond the quorum, by the facts of its own last mark. */
export function decideBeyond(own: MemberLineage): RoleDecision {
  const facts = own.members.find(({ id }) => id === own.id);
  if (facts === undefined) return stay;
  if (facts.wanted === 'hot') return { do: 'prefetch' };
  const tier = tierOf(facts.tier);
  // Hot without a wish: what it became hot with is gone; a leader has to take it out first.
  return tier === 'hot' || tier === own.tier ? stay : { do: 'become', tier };
}

/**
 * Beyond the quorum, by the word of another member: whom its sources refuse, since it is of another tier by now, hears nothing from them. Only a hot node
 * that has come at least as far can tell it; one that holds nothing, not even its lineage, has nothing to lose.
 */
export function decideByWord(own: MemberLineage, answer: MemberLineage): RoleDecision {
  const hasNothing = own.members.length === 0 && own.lineage.clusterId === '';
  if (hasNothing && answer.tier === 'hot') return decideBeyond({ ...own, members: answer.members });
  if (compareLineage(own.lineage, answer.lineage) !== 'same' || answer.tier !== 'hot') return stay;
  return answer.applied < own.applied ? stay : decideBeyond({ ...own, members: answer.members });
}

/**
 * A hot node that neither votes nor learns by its own log, or has not heard a leader: what the answer of another member means for it. Only one that has
 * applied at least all of this node's log can tell it that it is not hot any more.
 */
export function decideHot(own: MemberLineage, last: number, answer: MemberLineage): RoleDecision {
  const fork = forkOf(own.lineage, answer);
  if (fork !== null) return { do: 'fence', fork };
  if (compareLineage(own.lineage, answer.lineage) !== 'same' || answer.tier !== 'hot') return stay;
  if (answer.applied < last) return stay;
  const facts = answer.members.find(({ id }) => id === own.id);
  if (facts === undefined || facts.voter || facts.learner || facts.wanted === 'hot') return stay;
  const tier = tierOf(facts.tier);
  return tier === 'hot' ? stay : { do: 'become', tier };
}

/** A replica that holds nothing, whose folder says nothing of it being hot: its disk may have been lost since it became that. */
export function decideEmpty(own: MemberLineage, answer: MemberLineage): RoleDecision {
  const facts = answer.members.find(({ id }) => id === own.id);
  const foreign = own.lineage.clusterId !== '' && compareLineage(own.lineage, answer.lineage) !== 'same';
  if (own.members.length > 0 || foreign || answer.tier !== 'hot' || facts === undefined) return stay;
  const counted = facts.voter || facts.learner;
  return counted && facts.tier === 'hot' ? { do: 'begin-hot', lineage: answer.lineage } : stay;
}

/** Where this lineage was left for that of the answer. Null: the answer's is not a later one that came from it. */
export function forkOf(own: Lineage, { lineage, forks }: MemberLineage): Fork | null {
  return compareLineage(own, lineage) === 'newer' ? forkFrom(forks, own) : null;
}

/** Whom to ask first for an image: followers, since the leader has the writes. */
export function imageSources(own: NodeId, answers: readonly MemberLineage[]): readonly MemberLineage[] {
  return answers
    .filter(({ id, tier }) => id !== own && tier === 'hot')
    .sort((a, b) => Number(a.leader === a.id) - Number(b.leader === b.id));
}
