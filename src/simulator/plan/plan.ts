import { type Random, seededRandom, shuffled } from '../../foundation/random.ts';
import type { NetworkWeather } from '../world/network.ts';
import { drawFault, drawRot, type Fault } from './fault.ts';
import { drawMembership, drawTurnover, type MembershipChange, noTurnover } from './membership.ts';
import { drawPredictions, noPredictions, type PredictionPlan } from './predictions.ts';
import { drawSlowClock, type SlowClock } from './slow-clock.ts';
import { drawTierFaults, drawTiers, noTiers, type TierPlan } from './tiers.ts';
import { noTopology, type TopologyPlan, withTopology } from './topology.ts';

/** How likely each kind of call is; only ratios matter. */
export interface WorkloadMix {
  readonly get: number;
  /** Linearizable, at any replica. */
  readonly followerGet: number;
  readonly serializableGet: number;
  readonly put: number;
  readonly delete: number;
  readonly cas: number;
  readonly pair: number;
  readonly readPair: number;
  readonly lease: number;
  readonly compact: number;
  readonly past: number;
}

/** Everything that a seed decides in advance. What happens by chance later is drawn from streams of the same seed. */
export interface Plan {
  readonly seed: number;
  readonly nodes: number;
  /** Machines whose disks may lose what was synced: a minority. */
  readonly fragile: readonly number[];
  readonly timing: {
    readonly tickMs: number;
    readonly heartbeatMs: number;
    readonly electionMs: number;
    readonly rankDelayMs: number;
    readonly floorMs: number;
  };
  readonly storage: {
    readonly logDiskBytes: number;
    readonly logMemoryBytes: number;
    readonly flushEveryMs: number;
    /** One such slice of apply a turn, so that nearly every entry is divided; 0: as in production. */
    readonly keysPerSlice: number;
    readonly flushBytes: number;
    readonly syncMs: number;
    readonly appendBytes: number;
  };
  /** How much faster than true time each machine's clocks run, as a part of 1. */
  readonly drift: readonly number[];
  readonly slowClock: SlowClock | null;
  readonly wallOffsetMs: readonly number[];
  readonly network: NetworkWeather;
  readonly clients: number;
  readonly callers: number;
  readonly keys: number;
  readonly thinkMs: number;
  readonly callDeadlineMs: number;
  readonly sessionTtlMs: number;
  readonly mix: WorkloadMix;
  /** Puts to some keys are acknowledged by the leader alone. */
  readonly early: boolean;
  readonly safetyMs: number;
  readonly faults: readonly Fault[];
  /** Nodes read again and again what they have stored. */
  readonly scrubs: boolean;
  /** At the end one lease of so long in a cluster that has nothing to do; 0: no such phase. */
  readonly quietTtlMs: number;
  readonly membership: readonly MembershipChange[];
  /** Fresh machines that join, and how often a step is taken to bring them in and others out. */
  readonly turnover: { readonly joiners: number; readonly everyMs: number };
  /** Machines beyond the quorum come after all others. */
  readonly tiers: TierPlan;
  readonly topology: TopologyPlan;
  readonly predictions: PredictionPlan;
}

/** Replicas beyond the quorum cost a multiple of the time. */
const tierShare = { ordinary: 0.1, more: 1 / 3 };
export type TierShare = keyof typeof tierShare;

/** `tiers`: how many seeds have replicas beyond the quorum; `topology`: whether some of them have places and policies. */
export function drawPlan(seed: number, tiers: TierShare = 'ordinary', topology = tiers === 'more'): Plan {
  const ordinary = drawOrdinary(seed);
  const random = seededRandom(`plan ${seed}`).fork('deposed');
  const plan = ordinary.nodes >= 3 && random.chance(0.1) ? withDeposedLeaders(ordinary, random) : ordinary;
  // From a stream of its own, as tiers are.
  const predictions = drawPredictions(seededRandom(`plan ${seed}`).fork('predictions'));
  const slowClock = drawSlowClock(seededRandom(`plan ${seed}`).fork('slow clock'), plan.nodes);
  const tiered = withTiers({ ...plan, predictions, slowClock }, tierShare[tiers]);
  return topology ? withTopology(tiered, seededRandom(`plan ${seed}`).fork('topology')) : tiered;
}

/** From a stream of its own: the rest of the plan is as it would be without. */
function withTiers(plan: Plan, share: number): Plan {
  const random = seededRandom(`plan ${plan.seed}`).fork('tiers');
  const tiers = drawTiers(random, plan.membership.length === 0 && plan.turnover.joiners === 0, share);
  const first = plan.nodes + plan.turnover.joiners;
  const faults = drawTierFaults(random.fork('faults'), tiers, first, plan.safetyMs);
  return { ...plan, tiers, faults: [...plan.faults, ...faults] };
}

/**
 * The leader alone is cut off from its peers, again and again, and callers go on asking everyone: it must not answer reads, although
 * the long election timeout lets it believe in itself while the others have elected a successor (thesis §6.4).
 */
function withDeposedLeaders(plan: Plan, random: Random): Plan {
  const faults: Fault[] = [];
  for (let atMs = 600 + random.next() * 300; atMs < plan.safetyMs; atMs += 1200 + random.next() * 800) {
    const target = { kind: 'leader' } as const;
    faults.push({
      kind: 'isolate',
      target,
      way: 'both',
      clients: [],
      atMs,
      forMs: 700 + random.next() * 300,
    });
  }
  return {
    ...plan,
    timing: { ...plan.timing, electionMs: 1000 },
    callers: 4,
    callDeadlineMs: 500,
    mix: { ...plan.mix, put: 4, get: 2, followerGet: 4 },
    faults,
  };
}

function drawOrdinary(seed: number): Plan {
  const random = seededRandom(`plan ${seed}`);
  const nodes = random.pick([1, 2, 3, 3, 3, 3, 4, 5, 5]);
  const safetyMs = 2000 + random.below(6000);
  const fragile = shuffled(
    random.fork('fragile'),
    Array.from({ length: nodes }, (_, i) => i),
  ).slice(0, Math.floor((nodes - 1) / 2));
  const heartbeatMs = random.pick([20, 20, 20, 50]);
  const membership = drawMembership(random.fork('membership'), nodes, fragile, safetyMs);
  return {
    seed,
    nodes,
    fragile,
    timing: {
      tickMs: random.pick([5, 10]),
      heartbeatMs,
      electionMs: random.pick([200, 500, 1000]),
      rankDelayMs: random.pick([10, 20, 50]),
      floorMs: heartbeatMs * 4,
    },
    storage: {
      logDiskBytes: random.pick([2048, 8192, 65_536, 1 << 20]),
      logMemoryBytes: random.pick([1024, 16_384, 1 << 20]),
      flushEveryMs: random.pick([5, 50, 500]),
      keysPerSlice: random.fork('slices').pick([0, 0, 0, 1, 3]),
      flushBytes: random.pick([1024, 65_536]),
      syncMs: random.pick([0.1, 0.3, 2, 10]),
      appendBytes: random.pick([64, 512, 65_536]),
    },
    slowClock: null,
    drift: draws(random, nodes, () => (random.next() - 0.5) * 0.002),
    wallOffsetMs: draws(random, nodes, () => 1_700_000_000_000 + (random.next() - 0.5) * 20_000),
    network: drawNetwork(random.fork('network')),
    clients: 1 + random.below(3),
    callers: 1 + random.below(4),
    keys: random.pick([1, 3, 8]),
    thinkMs: random.pick([2, 10, 50]),
    callDeadlineMs: random.pick([500, 2000, 10_000]),
    sessionTtlMs: random.pick([2000, 10_000, 60_000]),
    mix: {
      get: 4 * random.next(),
      followerGet: 2 * random.next(),
      serializableGet: random.next(),
      put: 1 + 4 * random.next(),
      delete: random.next(),
      cas: 2 * random.next(),
      pair: random.next(),
      readPair: random.next(),
      lease: random.chance(0.5) ? random.next() : 0,
      compact: random.chance(0.5) ? random.next() : 0,
      past: 0.5 * random.next(),
    },
    early: random.chance(0.3),
    safetyMs,
    faults: [
      ...drawFaults(random.fork('faults'), nodes, safetyMs, fragile.length > 0),
      ...(fragile.length > 0 ? drawRot(random.fork('rot'), safetyMs) : []),
    ],
    scrubs: random.fork('scrub').chance(0.5),
    quietTtlMs: random.fork('quiet').chance(0.08) ? 24_000 : 0,
    membership,
    turnover: membership.length === 0 ? drawTurnover(random.fork('turnover')) : noTurnover,
    tiers: noTiers,
    topology: noTopology,
    predictions: noPredictions,
  };
}

function drawNetwork(random: Random): NetworkWeather {
  const rough = random.chance(0.5);
  return {
    latencyMs: random.pick([0.1, 0.1, 0.5, 5]),
    jitterMs: random.pick([0.1, 1, 10]),
    spikes: random.chance(0.5) ? random.next() * 0.05 : 0,
    spikeMs: random.pick([10, 100, 400]),
    loss: rough ? random.next() * random.next() * 0.3 : 0,
    duplication: rough ? random.next() * 0.1 : 0,
    reordering: rough ? random.next() * 0.2 : 0,
  };
}

function drawFaults(random: Random, nodes: number, safetyMs: number, fragile: boolean): readonly Fault[] {
  const everyMs = random.pick([150, 400, 1000, 5000]);
  const faults: Fault[] = [];
  for (let atMs = 300 + random.next() * everyMs; atMs < safetyMs; atMs += random.next() * 2 * everyMs) {
    faults.push(drawFault(random, atMs, nodes, fragile));
  }
  return faults;
}

function draws(random: Random, count: number, draw: (random: Random) => number): readonly number[] {
  return Array.from({ length: count }, () => draw(random));
}
