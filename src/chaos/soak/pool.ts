import type { Scenario } from '../scenario.ts';
import { scenarios } from '../scenarios/registry.ts';
import type { Target } from '../target.ts';

/** Those that need a cluster of their own making, or hold no fault. */
const apart: ReadonlySet<string> = new Set(['calm', 'disk-full', 'memory-limit', 'version-skew']);

/** What may happen in a soak of this cluster: all that it and the machine can. */
export function soakPool(target: Target): readonly Scenario[] {
  const count = (tier: string): number => target.members.filter((member) => member.tier === tier).length;
  return scenarios.filter(
    ({ name, hot, warm = 0, cold = 0, needs, wanted = [] }) =>
      !apart.has(name) &&
      hot <= count('hot') &&
      warm <= count('warm') &&
      cold <= count('cold') &&
      needs.every((need) => target.lacks(need) === null) &&
      wanted.every((ability) => target.links.can(ability)),
  );
}
