/** How much of the state a member holds, and whether it votes: hot (voter, all of it), warm (critical ranges), cold (snapshots). */
export const tiers = ['hot', 'warm', 'cold'] as const;
export type Tier = (typeof tiers)[number];

/** Facts carry it as text; what is not known counts as the least. */
export function tierOf(text: string): Tier {
  return tiers.find((tier) => tier === text) ?? 'cold';
}
