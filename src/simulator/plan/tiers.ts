import type { Random } from '../../foundation/random.ts';
import { drawFault, type Fault } from './fault.ts';

/** Replicas beyond the quorum. */
export interface TierPlan {
  readonly warm: number;
  readonly cold: number;
  /** Between two changes of what is critical, ms. */
  readonly policyEveryMs: number;
  /** Between two snapshots of a cold replica, ms. */
  readonly snapshotEveryMs: number;
  readonly keepSnapshots: number;
  /** That a source goes through in one turn. */
  readonly keysPerPiece: number;
  /** Between two wishes that a member be of another tier, ms; 0: none. */
  readonly changeEveryMs: number;
  /** A voter that is silent for so long is replaced by itself, ms; 0: none is. */
  readonly graceMs: number;
  /** At the end all hot members go, and one beyond the quorum is promoted by force. */
  readonly forced: boolean;
}

export const noTiers: TierPlan = {
  warm: 0,
  cold: 0,
  policyEveryMs: 0,
  snapshotEveryMs: 0,
  keepSnapshots: 1,
  keysPerPiece: 1024,
  changeEveryMs: 0,
  graceMs: 0,
  forced: false,
};

/** So many seeds have tiers; whoever has them with a smaller share has the same ones with a larger. `quiet`: nothing else changes the membership, so tiers may. */
export function drawTiers(random: Random, quiet: boolean, share: number): TierPlan {
  if (!random.chance(share)) return noTiers;
  const [warm, cold] = [random.below(4), random.below(4)];
  if (warm + cold === 0) return noTiers;
  return {
    warm,
    cold,
    policyEveryMs: random.pick([100, 400, 1500]),
    snapshotEveryMs: random.pick([50, 300, 1000]),
    keepSnapshots: 1 + random.below(4),
    keysPerPiece: random.fork('pieces').pick([1, 2, 1024]),
    changeEveryMs: random.chance(0.5) && quiet ? random.pick([300, 1000]) : 0,
    graceMs: random.chance(0.3) && quiet ? random.pick([500, 1500]) : 0,
    forced: random.fork('forced').chance(0.4),
  };
}

/** Faults of the machines beyond the quorum, which come after `first` others. */
export function drawTierFaults(
  random: Random,
  { warm, cold }: TierPlan,
  first: number,
  safetyMs: number,
): readonly Fault[] {
  const count = warm + cold;
  if (count === 0) return [];
  const everyMs = random.pick([200, 600, 2000]);
  const faults: Fault[] = [];
  for (let atMs = 300 + random.next() * everyMs; atMs < safetyMs; atMs += random.next() * 2 * everyMs) {
    const index = first + random.below(count);
    const time = { atMs, forMs: 20 + random.next() * random.next() * 1500 };
    const database = index < first + warm ? 'warm' : 'cold';
    const roll = random.below(10);
    if (roll < 2) faults.push({ kind: 'tierDamage', how: 'bitFlip', index, database, ...time });
    else if (roll < 3) faults.push({ kind: 'tierDamage', how: 'misdirected', index, database, ...time });
    else if (roll < 4) faults.push({ kind: 'tierDamage', how: 'empty', index, database, ...time });
    else if (roll < 5) faults.push({ kind: 'tierRot', index, database, ...time });
    else {
      const fault = drawFault(random, atMs, 1, false);
      if ('target' in fault) faults.push({ ...fault, target: { kind: 'node', index } });
    }
  }
  return faults;
}
