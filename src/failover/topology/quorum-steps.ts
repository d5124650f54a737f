import { mutant } from '../../foundation/mutants.ts';
import {
  bestCandidate,
  candidatesFor,
  describe,
  describeQuality,
  isEnough,
  spareVoters,
} from './candidates.ts';
import { qualityOf } from './hot-set.ts';
import type { TierPolicy } from './policy.ts';
import { best, isAlive, isGone, milliseconds, seconds, type TierStep } from './step.ts';
import { type TopologyMember, type TopologyView, voters } from './view.ts';

/** Who is on the way to hot, by the facts: this leader's change, an earlier one's, or an operator's. */
export function begunIn({ members }: TopologyView): TopologyMember | null {
  return members.find(({ wanted, voter }) => wanted === 'hot' && !voter) ?? null;
}

/** A change that has begun is brought to its end, whoever began it; given up only when who was to become hot is lost itself. */
export function resumeStep(begun: TopologyMember, view: TopologyView, policy: TierPolicy): TierStep | null {
  const { id, tier, replaces, presence } = begun;
  if (isGone(begun, policy)) {
    return {
      change: tier === 'hot' ? { kind: 'demote', id, to: 'warm' } : { kind: 'retier', id, to: tier },
      rule: 'resume',
      reason: `${id} was to become hot and has not been heard for ${seconds(presence.forMs)}, longer than the grace time of ${seconds(policy.graceMs)}: that is given up`,
      key: `give up ${id}`,
      mustLastMs: 0,
    };
  }
  if (!isAlive(begun)) return null;
  const place = voters(view).find((voter) => voter.id === replaces);
  return {
    change: place === undefined ? { kind: 'promote', id } : { kind: 'replace', lost: place.id, by: id },
    rule: 'resume',
    reason: `the way of ${id} to hot has begun and is not finished`,
    key: `resume ${id}`,
    mustLastMs: 0,
  };
}

/** A hot replica that was lost for longer than the grace time makes room for the best one beyond the quorum. */
export function lostStep(view: TopologyView, policy: TierPolicy): TierStep | null {
  const lost = longestGone(view, policy);
  if (lost === null) return null;
  const all = voters(view);
  const others = all.filter(({ id }) => id !== lost.id);
  const silence = `${lost.id} has not been heard for ${seconds(lost.presence.forMs)}, longer than the grace time of ${seconds(policy.graceMs)}`;
  if (policy.hot !== null && others.length >= policy.hot) {
    return {
      change: { kind: 'demote', id: lost.id, to: 'warm' },
      rule: 'lost',
      reason: `${silence}; the other ${others.length} hot replicas are enough`,
      key: `lost ${lost.id}`,
      mustLastMs: 0,
    };
  }
  const heir = bestCandidate(candidatesFor(others, view, policy));
  if (heir === null) return null;
  return {
    change: { kind: 'replace', lost: lost.id, by: heir.member.id },
    rule: 'lost',
    reason: `${silence}; the best replica beyond the quorum is ${heir.member.id} (${describe(heir.member, policy)})`,
    key: `lost ${lost.id}`,
    mustLastMs: 0,
  };
}

/** As many hot replicas as are wanted. One that is silent within the grace time still counts. */
export function missingVoterStep(view: TopologyView, policy: TierPolicy): TierStep | null {
  const all = voters(view);
  if (policy.hot === null || all.length >= policy.hot) return null;
  const chosen = bestCandidate(candidatesFor(all, view, policy));
  if (chosen === null) return null;
  return {
    change: { kind: 'promote', id: chosen.member.id },
    rule: 'target',
    reason: `${policy.hot} hot replicas are wanted and ${all.length} are there; the best beyond the quorum is ${chosen.member.id} (${describe(chosen.member, policy)})`,
    key: 'target hot more',
    mustLastMs: 0,
  };
}

/**
 * No more hot replicas than are wanted: a step for each voter that could be the one to go, best first. Paths to who has just become hot are measured
 * anew: whoever goes must have been the right one for a while.
 */
export function spareVoterSteps(view: TopologyView, policy: TierPolicy): readonly TierStep[] {
  const { hot } = policy;
  const all = voters(view);
  // Never fewer living ones than wanted: while one is silent or in doubt nobody goes.
  if (hot === null || all.length <= hot || all.filter(isWell).length <= hot) return [];
  // What is not known counts as the longest: who has just become hot would go again at once.
  const isMeasured = qualityOf(all, view.links, policy.spread).quorumMs !== null;
  const waitMs = isMeasured ? policy.settleMs : measuredWithinMs;
  return spareVoters(all, view, policy).map(({ member, quality }) => ({
    change: { kind: 'demote', id: member.id, to: 'warm' },
    rule: 'target',
    reason: `${hot} hot replicas are wanted and ${all.length} are there; ${member.id} is missed least: without it ${describeQuality(quality, policy)}`,
    key: `target hot fewer ${member.id}${isMeasured ? '' : ', not measured'}`,
    mustLastMs: mutant.active === 'unmeasured-is-farthest' ? 0 : waitMs,
  }));
}

/** Probes of all paths take some seconds. Whoever cannot be measured for so long is judged without. */
const measuredWithinMs = 60_000;

interface Swap {
  readonly out: TopologyMember;
  readonly into: TopologyMember;
  /** Of the places, then of the path to the majority, ms. */
  readonly excessGain: number;
  readonly gainMs: number;
  readonly reason: string;
}

/** Exchanges of a voter for a better one. Only of a whole quorum: nothing is exchanged while a voter is lost or in doubt. Best first. */
export function swapSteps(view: TopologyView, policy: TierPolicy): readonly TierStep[] {
  const all = voters(view);
  if (policy.hot === null || all.length !== policy.hot || !all.every(isWell)) return [];
  const swaps = [...swapsOf(all, view, policy)];
  const wider = swaps.filter(({ excessGain }) => excessGain > 0);
  const chosen = wider.length > 0 ? wider : swaps;
  chosen.sort((a, b) => b.excessGain - a.excessGain || b.gainMs - a.gainMs);
  return chosen.map(({ into, out, reason, excessGain }) => ({
    change: { kind: 'promote', id: into.id },
    rule: excessGain > 0 ? 'spread' : 'latency',
    reason,
    key: `${excessGain > 0 ? 'spread' : 'latency'} ${out.id} ${into.id}`,
    mustLastMs: policy.gainForMs,
  }));
}

function swapsOf(all: readonly TopologyMember[], view: TopologyView, policy: TierPolicy): readonly Swap[] {
  const now = qualityOf(all, view.links, policy.spread);
  const swaps: Swap[] = [];
  for (const out of all) {
    if (out.id === view.leader || policy.pinned.includes(out.id)) continue;
    const others = all.filter(({ id }) => id !== out.id);
    for (const { member: into, quality } of candidatesFor(others, view, policy)) {
      const excessGain = now.excess - quality.excess;
      const known = now.quorumMs !== null && quality.quorumMs !== null;
      const gainMs = known ? (now.quorumMs ?? 0) - (quality.quorumMs ?? 0) : 0;
      const nearer = known && excessGain === 0 && isEnough(gainMs, now.quorumMs ?? 0, policy);
      if (excessGain <= 0 && !nearer) continue;
      swaps.push({
        out,
        into,
        excessGain,
        gainMs,
        reason:
          excessGain > 0
            ? `${into.id} in the place of ${out.id}: ${describeQuality(quality, policy)} (now ${describeQuality(now, policy)})`
            : `${into.id} in the place of ${out.id} brings the majority from ${milliseconds(now.quorumMs)} to ${milliseconds(quality.quorumMs)} on average, ${percent(gainMs, now.quorumMs ?? 0)} less`,
      });
    }
  }
  return swaps;
}

export function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(0)} %`;
}

function isWell(member: TopologyMember): boolean {
  return isAlive(member) && member.trouble === null;
}

function longestGone(view: TopologyView, policy: TierPolicy): TopologyMember | null {
  const gone = voters(view).filter(
    (member) => member.id !== view.leader && isGone(member, policy) && !policy.pinned.includes(member.id),
  );
  return best(gone, (a, b) => b.presence.forMs - a.presence.forMs);
}
