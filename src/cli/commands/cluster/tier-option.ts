import type { Tier } from '../../../node/config/config.ts';
import { UsageError } from '../../terminal/usage-error.ts';

const tiers = ['hot', 'warm', 'cold'] as const satisfies readonly Tier[];

/** The tier that a new member is to have. */
export function tierOf(text: string, voter: boolean): Tier {
  const tier = tiers.find((name) => name === text);
  if (tier === undefined) throw new UsageError(`--tier: must be one of ${tiers.join(', ')}, not "${text}"`);
  if (voter && tier !== 'hot') throw new UsageError(`--voter: a ${tier} replica does not vote; leave it out`);
  return tier;
}
