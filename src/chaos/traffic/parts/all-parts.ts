import type { Part } from '../part.ts';
import { registers } from './registers.ts';
import { steady, steadyRate } from './steady.ts';

export const allParts: readonly Part[] = [steady, registers];

/** What one of the chosen parts gets of the whole rate. */
export function rateOf(part: Part, chosen: readonly Part[], rate: number): number {
  const hasSteady = chosen.includes(steady);
  if (part === steady) return chosen.length === 1 ? rate : steadyRate(rate);
  const rest = hasSteady ? rate - steadyRate(rate) : rate;
  const shares = chosen.filter((each) => each !== steady).reduce((sum, { share }) => sum + share, 0);
  return (rest * part.share) / shares;
}
