import type { TierPolicy } from '../../failover/topology/policy.ts';
import { type Random, shuffled } from '../../foundation/random.ts';
import type { Fault } from './fault.ts';
import type { TierPlan } from './tiers.ts';
import { drawDelays, type ZoneDelays, zoneLabel } from './zones.ts';

/** How a fence command ends at the end of the run, until somebody mends it. */
export type FenceOutcome = 'works' | 'fails' | 'hangs';

/** Places that members are in, who is to be of which tier, and whether a replica may promote itself by force. */
export interface TopologyPlan {
  /** By machine, the place that it is in; empty: there are no places. */
  readonly zones: readonly number[];
  /** At the beginning. */
  readonly delays: ZoneDelays;
  /** Null: members stay of the tiers that they are of, but for what `tiers` says. */
  readonly policy: Omit<TierPolicy, 'pinned' | 'automatic'> | null;
  readonly forced: ForcedDraw | null;
}

export interface ForcedDraw {
  readonly afterMs: number;
  /** Of each machine's fence, at the end. While there are faults none succeeds. */
  readonly fences: readonly FenceOutcome[];
  /** The hot members are not lost at the end, only cut off from all others. */
  readonly cutOff: boolean;
  /** Also where no other member beyond the quorum can confirm it. */
  readonly alone: boolean;
}

export const noTopology: TopologyPlan = { zones: [], delays: [], policy: null, forced: null };

/** A path's measurement follows a change within so much. */
export const measuredMs = 20_000;
/** What is measured takes its time: the safety phase of a seed with targets is longer by this. */
const longerMs = 6000;
const destroying: readonly Fault['kind'][] = [
  'emptyDisk',
  'oldDisk',
  'bitFlip',
  'misdirected',
  'rot',
  'diverge',
];

/** What of a plan it turns on. */
interface Tiered {
  readonly nodes: number;
  readonly membership: readonly unknown[];
  readonly turnover: { readonly joiners: number };
  readonly safetyMs: number;
  readonly faults: readonly Fault[];
  readonly tiers: TierPlan;
  readonly topology: TopologyPlan;
}

/** Half of the seeds with replicas beyond the quorum. Where something else changes the membership tiers have no targets. */
export function withTopology<Plan extends Tiered>(plan: Plan, random: Random): Plan {
  const { nodes, turnover, tiers } = plan;
  const beyond = tiers.warm + tiers.cold;
  if (beyond === 0 || !random.chance(0.5)) return plan;
  const quiet = plan.membership.length === 0 && turnover.joiners === 0;
  const count = nodes + turnover.joiners + beyond;
  const places = random.chance(0.8) ? 2 + random.below(3) : 0;
  const zones = places === 0 ? [] : Array.from({ length: count }, () => random.below(places));
  const policy = quiet && random.chance(0.7) ? drawPolicy(random, plan, places > 0) : null;
  const forced = drawForced(random.fork('forced'), count, beyond);
  const safetyMs = plan.safetyMs + (policy === null ? 0 : longerMs);
  const shrinks = policy?.hot !== null && (policy?.hot ?? nodes) < nodes;
  return {
    ...plan,
    safetyMs,
    // Of fewer voters those whose disks may be lost could be half.
    faults: [
      ...plan.faults.filter(({ kind }) => !shrinks || !destroying.includes(kind)),
      ...drawZoneFaults(random.fork('faults'), places, safetyMs),
    ],
    tiers: {
      ...tiers,
      ...(policy === null ? {} : { changeEveryMs: 0, graceMs: policy.graceMs }),
      forced: tiers.forced || (forced !== null && random.chance(0.5)),
    },
    topology: { zones, delays: drawDelays(random, places), policy, forced },
  };
}

function drawPolicy(
  random: Random,
  { nodes, tiers }: Tiered,
  places: boolean,
): NonNullable<TopologyPlan['policy']> {
  const beyond = tiers.warm + tiers.cold;
  const odd = nodes % 2 === 1 ? nodes : Math.max(1, nodes - 1);
  const more = nodes + beyond >= odd + 2 && odd < 5 ? odd + 2 : odd;
  const hot = random.pick([odd, odd, odd, more, Math.min(odd, 3)]);
  return {
    hot,
    warm: random.chance(0.5) ? random.below(Math.max(1, nodes + beyond - hot + 1)) : null,
    cold: null,
    spread: places && random.chance(0.7) ? zoneLabel : null,
    graceMs: random.pick([500, 1500, 4000]),
    settleMs: 300,
    hysteresis: 0.2,
    gainMs: 2,
    gainForMs: random.pick([1000, 4000]),
    atMostEveryMs: random.pick([1500, 5000]),
  };
}

function drawForced(random: Random, count: number, beyond: number): ForcedDraw | null {
  if (!random.chance(0.5)) return null;
  const bad = random.chance(0.5);
  return {
    afterMs: random.pick([300, 1000, 3000]),
    fences: Array.from({ length: count }, () =>
      bad ? random.pick(['works', 'fails', 'hangs'] as const) : 'works',
    ),
    cutOff: random.chance(0.5),
    alone: beyond === 1 || random.chance(0.3),
  };
}

function drawZoneFaults(random: Random, places: number, safetyMs: number): readonly Fault[] {
  if (places === 0) return [];
  const faults: Fault[] = [];
  const everyMs = random.pick([1000, 3000, 8000]);
  for (let atMs = 300 + random.next() * everyMs; atMs < safetyMs; atMs += everyMs * (0.5 + random.next())) {
    const [zone = 0] = shuffled(
      random,
      Array.from({ length: places }, (_, i) => i),
    );
    const forMs = 200 + random.next() * random.next() * 4000;
    if (random.chance(0.4))
      faults.push({ kind: 'zoneLoss', zone, how: random.pick(['power', 'cut']), atMs, forMs });
    else faults.push({ kind: 'zoneDelays', delays: drawDelays(random, places), atMs, forMs: 0 });
  }
  return faults;
}
