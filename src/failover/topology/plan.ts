import type { NodeId } from '../../foundation/ids.ts';
import type { Tier } from '../../ports/tier.ts';
import { distanceSteps, warmNumberStep } from './beyond-steps.ts';
import type { TierPolicy } from './policy.ts';
import {
  begunIn,
  lostStep,
  missingVoterStep,
  resumeStep,
  spareVoterSteps,
  swapSteps,
} from './quorum-steps.ts';
import type { TierStep } from './step.ts';
import { changed, type TopologyView } from './view.ts';

/**
 * What could be done next, best first. What must be done stands alone; where there is a choice of members that turns on measurements, each wish stands for
 * itself, so that one that has lasted is not hidden by one that is new. Nothing is remembered from one step to the next: the second half of an exchange (a voter
 * too many goes) follows from the numbers alone, under any leader.
 */
export function nextSteps(view: TopologyView, policy: TierPolicy): readonly TierStep[] {
  const begun = begunIn(view);
  if (begun !== null) {
    const step = resumeStep(begun, view, policy);
    return step === null ? [] : [step];
  }
  const must = lostStep(view, policy) ?? missingVoterStep(view, policy);
  if (must !== null) return [must];
  const spare = spareVoterSteps(view, policy);
  if (spare.length > 0) return spare;
  const warm = warmNumberStep(view, policy);
  if (warm !== null) return [warm];
  const swaps = swapSteps(view, policy);
  return swaps.length > 0 ? swaps : distanceSteps(view, policy);
}

export interface TierPlan {
  readonly steps: readonly TierStep[];
  /** What each member is in the end. */
  readonly wished: ReadonlyMap<NodeId, Tier>;
}

/** All steps until nothing is left to do, if nothing else changed meanwhile; `first` is the one of `nextSteps` to begin with, absent: the best. */
export function planTiers(view: TopologyView, policy: TierPolicy, first?: TierStep): TierPlan {
  const steps: TierStep[] = [];
  let reached = view;
  const most = 4 * view.members.length + 8;
  while (steps.length < most) {
    const step = steps.length === 0 && first !== undefined ? first : nextSteps(reached, policy)[0];
    if (step === undefined) break;
    steps.push(step);
    reached = changed(reached, step.change);
  }
  return { steps, wished: new Map(reached.members.map(({ id, tier }) => [id, tier])) };
}
