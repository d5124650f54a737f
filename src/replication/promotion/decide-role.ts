import { mutant } from '../../foundation/mutants.ts';
import type { Fork } from '../../ports/lineage.ts';
import { compareLineage } from '../../ports/lineage-order.ts';
import type { MemberInfo } from '../../ports/membership.ts';
import type { Lineage } from '../../ports/replication.ts';
import { type Tier, tierOf } from '../../ports/tier.ts';
import type { MemberLineage } from '../../protocol/operations/promotion.ts';
import { forkFrom } from '../fork/fork-note.ts';

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
 * that has come at least as far can tell it; one that holds nothing, not even its lineage, has nothing to lose. A wish is never taken by word: as what the
 * facts say that it is, it is fed, and hears of the wish, or that it was taken back, by itself.
 */
export function decideByWord(own: MemberLineage, answer: MemberLineage): RoleDecision {
  if (answer.tier !== 'hot') return stay;
  const hasNothing = own.members.length === 0 && own.lineage.clusterId === '';
  if (!hasNothing) {
    if (compareLineage(own.lineage, answer.lineage) !== 'same' || answer.applied < own.applied) return stay;
  }
  const members = mutant.active === 'wish-by-word' ? answer.members : answer.members.map(withoutWish);
  return decideBeyond({ ...own, members });
}

function withoutWish({ wanted: _, ...facts }: MemberInfo): MemberInfo {
  return facts;
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

/**
 * A replica that holds nothing, and whose folder knows of no lineage: its disk may have been lost since it became hot. Who knows its lineage has become
 * what it is by newer facts than those of whoever still takes it for hot: a voter that left gave its log up, and must never vote with an empty one.
 */
export function decideEmpty(own: MemberLineage, answer: MemberLineage): RoleDecision {
  const facts = answer.members.find(({ id }) => id === own.id);
  const knows = own.lineage.clusterId !== '' && mutant.active !== 'demoted-begins-hot';
  if (own.members.length > 0 || knows || answer.tier !== 'hot' || facts === undefined) return stay;
  const counted = facts.voter || facts.learner;
  return counted && facts.tier === 'hot' ? { do: 'begin-hot', lineage: answer.lineage } : stay;
}

/**
 * Of the members that answered, the hot one whose word counts: it has come furthest, so what another one knows and it does not is out of date. Null: none
 * is hot and of this lineage (of any, for one that knows none).
 */
export function furthest(own: Lineage, answers: readonly MemberLineage[]): MemberLineage | null {
  const hot = answers.filter(
    ({ tier, lineage }) =>
      tier === 'hot' && (own.clusterId === '' || compareLineage(own, lineage) === 'same'),
  );
  return hot.reduce<MemberLineage | null>(
    (best, answer) => (best === null || answer.applied > best.applied ? answer : best),
    null,
  );
}

/** Where this lineage was left for that of the answer. Null: the answer's is not a later one that came from it. */
export function forkOf(own: Lineage, { lineage, forks }: MemberLineage): Fork | null {
  return compareLineage(own, lineage) === 'newer' ? forkFrom(forks, own) : null;
}

/**
 * Whom to ask first for an image: followers, since the leader has the writes. Nobody who has come less far than this member has (`own.applied`): with an
 * image of before it was wanted hot, whoever lags as much could tell it that it is not.
 */
export function imageSources(
  own: Pick<MemberLineage, 'id' | 'applied'>,
  answers: readonly MemberLineage[],
): readonly MemberLineage[] {
  return answers
    .filter(({ id, tier, applied }) => id !== own.id && tier === 'hot' && applied >= own.applied)
    .sort((a, b) => Number(a.leader === a.id) - Number(b.leader === b.id));
}
