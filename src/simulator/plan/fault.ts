import type { Random } from '../../foundation/random.ts';
import type { ZoneDelays } from './zones.ts';

/** Whom a fault hits: chosen when it happens. */
export type Target =
  | { readonly kind: 'leader' }
  | { readonly kind: 'follower' }
  | { readonly kind: 'node'; readonly index: number };

/** One fault, at a time of the safety phase, for a while. Times in ms. */
export type Fault = { readonly atMs: number; readonly forMs: number } & (
  | { readonly kind: 'kill'; readonly target: Target }
  | { readonly kind: 'powerLoss'; readonly target: Target }
  | { readonly kind: 'powerLossOfAll' }
  | { readonly kind: 'stop'; readonly target: Target }
  | { readonly kind: 'pause'; readonly target: Target }
  | {
      readonly kind: 'isolate';
      readonly target: Target;
      readonly way: 'both' | 'in' | 'out';
      readonly clients: readonly string[];
    }
  | { readonly kind: 'halves'; readonly seed: number }
  | { readonly kind: 'dropConnections'; readonly target: Target }
  | { readonly kind: 'slowLinks'; readonly target: Target; readonly extraMs: number }
  | { readonly kind: 'slowSync'; readonly target: Target; readonly syncMs: number }
  | { readonly kind: 'fullDisk'; readonly target: Target }
  | { readonly kind: 'failedSync'; readonly target: Target }
  | { readonly kind: 'clockJump'; readonly target: Target; readonly byMs: number }
  | { readonly kind: 'handOver' }
  /** These destroy synced data: only ever on the machines that the plan calls fragile, a minority. */
  | { readonly kind: 'emptyDisk' }
  | { readonly kind: 'oldDisk' }
  | { readonly kind: 'bitFlip'; readonly database: 'log' | 'state' }
  /** A row of a stopped machine's disk lies where another one should. */
  | { readonly kind: 'misdirected'; readonly database: 'log' | 'state' }
  /** A bit of what is stored flips while the machine runs. */
  | { readonly kind: 'rot'; readonly database: 'log' | 'state' }
  /** A fault of memory: the state takes a change that nobody else's takes. */
  | { readonly kind: 'diverge' }
  /** What a machine beyond the quorum has stored is changed while it is down; `rot`: while it runs. */
  | {
      readonly kind: 'tierDamage';
      readonly how: 'bitFlip' | 'misdirected' | 'empty';
      readonly index: number;
      readonly database: 'warm' | 'cold';
    }
  | { readonly kind: 'tierRot'; readonly index: number; readonly database: 'warm' | 'cold' }
  /** All machines of a place lose power, or are cut off from the others. */
  | { readonly kind: 'zoneLoss'; readonly zone: number; readonly how: 'power' | 'cut' }
  /** The ways between places are longer or shorter from then on. */
  | { readonly kind: 'zoneDelays'; readonly delays: ZoneDelays }
);

const targets: readonly Target['kind'][] = ['leader', 'leader', 'leader', 'follower', 'node'];

export function drawFault(random: Random, atMs: number, nodes: number, destroying: boolean): Fault {
  const target = drawTarget(random, nodes);
  const time = { atMs, forMs: 20 + random.next() * random.next() * 2500 };
  const roll = random.below(destroying ? 27 : 21);
  if (roll < 4) return { kind: 'kill', target, ...time };
  if (roll < 7) return { kind: 'powerLoss', target, ...time };
  if (roll < 8) return { kind: 'powerLossOfAll', ...time };
  if (roll < 9) return { kind: 'stop', target, ...time };
  if (roll < 11) return { kind: 'pause', target, ...time };
  if (roll < 14) {
    const clients = ['c0', 'c1', 'c2'].filter(() => random.chance(0.5));
    return { kind: 'isolate', target, way: random.pick(['both', 'both', 'in', 'out']), clients, ...time };
  }
  if (roll < 15) return { kind: 'halves', seed: random.below(1 << 30), ...time };
  if (roll < 16) return { kind: 'dropConnections', target, ...time };
  if (roll < 17) return { kind: 'slowLinks', target, extraMs: 5 + random.next() * 150, ...time };
  if (roll < 18) return { kind: 'slowSync', target, syncMs: 5 + random.next() * 150, ...time };
  if (roll < 19) {
    return random.chance(0.5)
      ? { kind: 'fullDisk', target, ...time }
      : { kind: 'failedSync', target, ...time };
  }
  if (roll < 20) return { kind: 'clockJump', target, byMs: (random.next() - 0.5) * 7_200_000, ...time };
  if (roll < 21) return { kind: 'handOver', ...time };
  if (roll < 22) return { kind: 'emptyDisk', ...time };
  if (roll < 23) return { kind: 'oldDisk', ...time };
  return { kind: 'bitFlip', database: random.pick(['log', 'state']), ...time };
}

/** What only comparing with others, or reading again, can find; only for fragile machines. */
export function drawRot(random: Random, safetyMs: number): readonly Fault[] {
  if (random.chance(0.4)) return [];
  return Array.from({ length: 1 + random.below(3) }, (): Fault => {
    const time = { atMs: 300 + random.next() * (safetyMs - 300), forMs: 20 + random.next() * 500 };
    const database = random.pick(['log', 'state'] as const);
    const roll = random.below(5);
    if (roll < 2) return { kind: 'diverge', ...time };
    return { kind: roll < 4 ? 'rot' : 'misdirected', database, ...time };
  });
}

function drawTarget(random: Random, nodes: number): Target {
  const kind = random.pick(targets);
  return kind === 'node' ? { kind, index: random.below(nodes) } : { kind };
}

export function describeFault(fault: Fault): string {
  const { atMs, forMs, kind, ...rest } = fault;
  return `${atMs.toFixed(0)} ms: ${kind} for ${forMs.toFixed(0)} ms ${JSON.stringify(rest)}`;
}
