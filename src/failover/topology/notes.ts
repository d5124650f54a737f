import { describeQuality } from './candidates.ts';
import { majorityMs, qualityOf } from './hot-set.ts';
import type { TierPolicy } from './policy.ts';
import { isAlive, isGone, milliseconds, seconds } from './step.ts';
import { beyondQuorum, type TopologyView, voters } from './view.ts';

/** What an operator should know beside the steps: what waits, and what cannot be had. A line each. */
export function notesOf(view: TopologyView, policy: TierPolicy): readonly string[] {
  const hot = voters(view);
  const quality = qualityOf(hot, view.links, policy.spread);
  const ids = hot.map(({ id }) => id);
  const notes = [
    `${hot.length} hot: ${describeQuality(quality, policy)}; majority at ${milliseconds(majorityMs(view.leader, ids, view.links))} from ${view.leader}, which leads`,
  ];
  if (!policy.automatic)
    notes.push('tiers.automatic is false: nothing is done without an operator (tanist promote)');
  if (policy.hot !== null && hot.length < policy.hot)
    notes.push(`${policy.hot} hot replicas are wanted, and ${hot.length} are there`);
  for (const member of hot) {
    if (isAlive(member)) continue;
    const { forMs } = member.presence;
    notes.push(
      isGone(member, policy)
        ? `${member.id} has been lost for ${seconds(forMs)}, and nobody fit is there to take its place`
        : `${member.id} has been silent for ${seconds(forMs)}; it is replaced after ${seconds(policy.graceMs)}`,
    );
  }
  for (const { id, trouble } of view.members) if (trouble !== null) notes.push(`${id}: ${trouble}`);
  if (policy.warm !== null) {
    const warm = beyondQuorum(view).filter((member) => member.tier === 'warm' && !isGone(member, policy));
    if (warm.length < policy.warm)
      notes.push(`${policy.warm} warm replicas are wanted, and ${warm.length} are there`);
  }
  return notes;
}
