import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { MemberFacts, MemberRequest } from '../../ports/membership.ts';
import { isVoter } from '../../raft/configuration.ts';
import { type ClusterView, checkInSync, checkQuorum, known, type PlannedChange, step } from './plan-parts.ts';

type TierRequest = Extract<MemberRequest, { readonly kind: 'tier' }>;

/**
 * The next step towards another tier. All that is known of a change under way is in the facts and the configuration, so whoever leads goes on:
 *
 * | facts, configuration            | step                                                                        |
 * |---------------------------------|-----------------------------------------------------------------------------|
 * | warm or cold, not wanted        | wanted: the member fetches an image and starts as a hot node                |
 * | wanted, not in it, connected    | hot, and a learner                                                          |
 * | wanted, a learner in sync       | a voter, in the place of the one it replaces (which is warm then), no wish  |
 * | hot → warm or cold, or given up | not in it, that tier, no wish                                               |
 *
 * Errors: `unknown-member`, `already-in-tier`, `learner-not-ready` (what is next is the member's to do), `under-doubt`, `quorum-at-risk`,
 * `invalid-argument`, `configuration-change-pending`.
 */
export function planTier(request: TierRequest, view: ClusterView): PlannedChange {
  const facts = known(request.id, view);
  return request.to === 'hot' ? planHot(facts, request, view) : planBeyond(facts, request.to, view);
}

function planHot(facts: MemberFacts, { replaces }: TierRequest, view: ClusterView): PlannedChange {
  const { id } = facts;
  const { configuration } = view.raft;
  const { voters, learners } = configuration;
  if (isVoter(configuration, id)) throw new TanistError('already-in-tier', `${id} is hot already: it votes`);
  const trouble = view.trouble(id);
  // One that runs as a hot node already is repaired as a learner, and does not vote before.
  if (trouble !== null && facts.tier !== 'hot' && !view.isConnected(id))
    throw new TanistError('under-doubt', `${id} is not whole at present (${trouble}); try again when it is`);
  if (facts.wanted !== 'hot') {
    const wish = { ...facts, wanted: 'hot' as const };
    return step(configuration, voters, learners, { set: [placeOf(wish, replaces, view)], removed: [] });
  }
  if (!learners.includes(id)) {
    if (!view.isConnected(id))
      throw new TanistError(
        'learner-not-ready',
        `${id} has yet to fetch the state and to start as a hot node; it does so by itself, try again later`,
      );
    return step(configuration, voters, [...learners, id], { set: [{ ...facts, tier: 'hot' }], removed: [] });
  }
  checkInSync(id, view);
  return planVoter(facts, view);
}

/**
 * It takes the place of the lost voter in the same change, which is a joint one (Raft §6): a majority of the old voters and one of the new must
 * agree to it, so that there are never fewer trusted living voters than before.
 */
function planVoter(facts: MemberFacts, view: ClusterView): PlannedChange {
  const { configuration } = view.raft;
  const { voters, learners } = configuration;
  const { id, wanted: _, replaces, ...rest } = facts;
  const lost = replaces !== undefined && voters.includes(replaces) ? view.members.get(replaces) : undefined;
  const kept = voters.filter((voter) => voter !== lost?.id);
  checkQuorum(configuration, [...kept, id], view, 'added', id);
  const others = learners.filter((learner) => learner !== id);
  const set: MemberFacts[] = [{ id, ...rest, tier: 'hot' }];
  if (lost !== undefined) set.push(withoutWish(lost, 'warm'));
  return step(configuration, [...kept, id], others, { set, removed: [] });
}

function placeOf(facts: MemberFacts, replaces: NodeId | undefined, view: ClusterView): MemberFacts {
  if (replaces === undefined) return facts;
  known(replaces, view);
  if (!isVoter(view.raft.configuration, replaces))
    throw new TanistError('invalid-argument', `${replaces} does not vote: there is no place of it to take`);
  return { ...facts, replaces };
}

function planBeyond(facts: MemberFacts, to: 'warm' | 'cold', view: ClusterView): PlannedChange {
  const { id } = facts;
  const { configuration } = view.raft;
  const voters = configuration.voters.filter((voter) => voter !== id);
  const learners = configuration.learners.filter((learner) => learner !== id);
  const inQuorum = isVoter(configuration, id) || learners.length < configuration.learners.length;
  if (!inQuorum && facts.tier === to && facts.wanted === undefined)
    throw new TanistError('already-in-tier', `${id} is ${to} already`);
  if (voters.length < configuration.voters.length) checkQuorum(configuration, voters, view, 'demoted');
  return step(configuration, voters, learners, { set: [withoutWish(facts, to)], removed: [] });
}

function withoutWish(facts: MemberFacts, tier: string): MemberFacts {
  const { wanted: _, replaces: __, ...rest } = facts;
  return { ...rest, tier };
}
