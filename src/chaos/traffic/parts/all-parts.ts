import type { Part } from '../part.ts';
import { bank } from './bank.ts';
import { compaction } from './compaction.ts';
import { early } from './early.ts';
import { leases } from './leases.ts';
import { listAppend } from './list-append.ts';
import { locks } from './locks.ts';
import { reads } from './reads.ts';
import { registers } from './registers.ts';
import { steady, steadyRate } from './steady.ts';
import { watches } from './watches.ts';

/** All kinds of traffic, selected by name. */
export const allParts: readonly Part[] = [
  steady,
  registers,
  listAppend,
  bank,
  leases,
  locks,
  reads,
  watches,
  compaction,
  early,
];

/** What one of the chosen parts gets of the whole rate. */
export function rateOf(part: Part, chosen: readonly Part[], rate: number): number {
  const others = chosen.filter((each) => each !== steady);
  if (part === steady) return others.length === 0 ? rate : steadyRate(rate);
  const rest = chosen.includes(steady) ? rate - steadyRate(rate) : rate;
  const shares = others.reduce((sum, { share }) => sum + share, 0);
  return Math.max(leastPerSecond, (rest * part.share) / shares);
}

/** Of a part that paces itself. */
const leastPerSecond = 1;
