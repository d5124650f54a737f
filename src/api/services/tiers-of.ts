import { distanceMs } from '../../failover/topology/beyond-steps.ts';
import type { TierStep } from '../../failover/topology/step.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { TiersView } from '../../node/node.ts';
import type { ServedNode } from '../../node/served-node.ts';
import type { TierMember, TierPath, TierStepShown, TiersReply } from '../../protocol/status/tiers.ts';

/** Errors: `not-leader`: only the leader hears of all members. */
export function tiersOf(node: ServedNode): TiersReply {
  const tiers = node.tiers();
  if (tiers === null)
    throw new TanistError('not-leader', 'this node does not lead, or does not know all yet; ask the leader');
  const { term } = node.routing();
  const { outlook } = tiers;
  const { steps, notes, running, wishedForMs, hold, automatic, view } = outlook;
  return {
    leader: node.id,
    term,
    members: membersOf(tiers),
    paths: pathsOf(view),
    steps: steps.map((step, i) => (i === 0 ? shown(step, wishedForMs, hold) : shown(step, 0, null))),
    notes,
    running: running === null ? null : shown(running.step, running.forMs, null),
    automatic,
  };
}

function membersOf({ outlook: { view, wished }, members }: TiersView): readonly TierMember[] {
  return members.map(({ member, tier, status, score, lagRevisions, lagMs }) => {
    const seen = view.members.find(({ id }) => id === member.id);
    return {
      status,
      voter: member.voter,
      labels: member.labels,
      score: score.value,
      scoreTerms: score.terms,
      lagRevisions,
      lagMs,
      wished: wished.get(member.id) ?? tier,
      distanceMs: seen === undefined ? null : distanceMs(seen, view),
    };
  });
}

/** Each once. */
function pathsOf(view: TiersView['outlook']['view']): readonly TierPath[] {
  const ids = view.members.map(({ id }) => id);
  return ids.flatMap((from, i) =>
    ids.slice(i + 1).map((to) => ({ from, to, ...view.links.between(from, to) })),
  );
}

function shown(
  { change, rule, reason, mustLastMs }: TierStep,
  forMs: number,
  hold: TierStepShown['hold'],
): TierStepShown {
  const { kind } = change;
  const why = { rule, reason, mustLastMs, forMs, hold };
  switch (kind) {
    case 'promote':
      return { kind, id: change.id, to: 'hot', lost: null, ...why };
    case 'demote':
    case 'retier':
      return { kind, id: change.id, to: change.to, lost: null, ...why };
    case 'replace':
      return { kind, id: change.by, to: 'hot', lost: change.lost, ...why };
  }
}
