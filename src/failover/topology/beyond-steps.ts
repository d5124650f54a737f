import { isEnough } from './candidates.ts';
import type { TierPolicy } from './policy.ts';
import { percent } from './quorum-steps.ts';
import { best, isGone, isSettled, milliseconds, type TierStep } from './step.ts';
import { beyondQuorum, type TopologyMember, type TopologyView, voters } from './view.ts';

/** How far a replica is from the voters, without itself, ms: the mean of its paths; null: not all is measured, or there are no others. */
export function distanceMs(member: TopologyMember, view: TopologyView): number | null {
  let sum = 0;
  const hot = voters(view).filter(({ id }) => id !== member.id);
  for (const { id } of hot) {
    const path = view.links.pathMs(member.id, id);
    if (path === null) return null;
    sum += path;
  }
  return hot.length === 0 ? null : sum / hot.length;
}

/** As many warm replicas as are wanted, the nearest; the others are cold. */
export function warmNumberStep(view: TopologyView, policy: TierPolicy): TierStep | null {
  // One that was just silenced still counts; one that is gone for longer neither counts nor moves until it is back.
  const present = beyondQuorum(view).filter((member) => !isGone(member, policy));
  const wanted = wantedWarm(present.length, policy);
  if (wanted === null || isExchanging(view, policy)) return null;
  const warm = present.filter(({ tier }) => tier === 'warm');
  if (warm.length === wanted) return null;
  const more = warm.length < wanted;
  const from = (more ? present.filter(({ tier }) => tier === 'cold') : warm).filter((member) =>
    isSettled(member, policy),
  );
  const chosen = more ? nearest(from, view) : farthest(from, view);
  if (chosen === null) return null;
  const to = more ? 'warm' : 'cold';
  return {
    change: { kind: 'retier', id: chosen.id, to },
    rule: 'target',
    reason: `${wanted} warm replicas are wanted and ${warm.length} are there; ${chosen.id} is the ${more ? 'nearest cold' : 'farthest warm'} one, ${milliseconds(distanceMs(chosen, view))} from the hot ones`,
    key: `target warm ${more ? 'more' : 'fewer'}`,
    mustLastMs: 0,
  };
}

/** Critical data to the closer replicas: a cold one that is nearer than a warm one by enough takes its place. Best first. */
export function distanceSteps(view: TopologyView, policy: TierPolicy): readonly TierStep[] {
  const present = beyondQuorum(view).filter((member) => !isGone(member, policy));
  if (wantedWarm(present.length, policy) === null || isExchanging(view, policy)) return [];
  const settled = present.filter((member) => isSettled(member, policy));
  const far = farthest(
    settled.filter(({ tier }) => tier === 'warm'),
    view,
  );
  const nowMs = far === null ? null : distanceMs(far, view);
  if (far === null || nowMs === null) return [];
  return settled
    .filter(({ tier }) => tier === 'cold')
    .flatMap((member) => {
      const ms = distanceMs(member, view);
      return ms === null || !isEnough(nowMs - ms, nowMs, policy) ? [] : [{ member, ms }];
    })
    .sort((a, b) => a.ms - b.ms)
    .map(({ member, ms }) => ({
      change: { kind: 'retier', id: member.id, to: 'warm' },
      rule: 'distance',
      reason: `${member.id} is ${milliseconds(ms)} from the hot ones, ${percent(nowMs - ms, nowMs)} less than ${far.id} with ${milliseconds(nowMs)}: critical data goes to the closer replica`,
      key: `distance ${far.id} ${member.id}`,
      mustLastMs: policy.gainForMs,
    }));
}

/** A voter too many is about to go, and will be warm: nothing is counted before. */
function isExchanging(view: TopologyView, { hot }: TierPolicy): boolean {
  return hot !== null && voters(view).length > hot;
}

/** Of so many beyond the quorum; null: as it is. Warm ones come first where there are too few for both. */
function wantedWarm(count: number, { warm, cold }: TierPolicy): number | null {
  if (warm !== null) return Math.min(warm, count);
  return cold === null ? null : Math.max(0, count - cold);
}

function nearest(members: readonly TopologyMember[], view: TopologyView): TopologyMember | null {
  const of = (member: TopologyMember): number => distanceMs(member, view) ?? Number.MAX_VALUE;
  return best(members, (a, b) => of(a) - of(b));
}

function farthest(members: readonly TopologyMember[], view: TopologyView): TopologyMember | null {
  const of = (member: TopologyMember): number => distanceMs(member, view) ?? Number.MAX_VALUE;
  return best(members, (a, b) => of(b) - of(a));
}
