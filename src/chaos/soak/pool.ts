import type { Scenario } from '../scenario.ts';
import { scenarios } from '../scenarios/registry.ts';
import type { Target } from '../target.ts';

/** Those that need a cluster of their own making, or hold no fault. */
const apart: ReadonlySet<string> = new Set(['calm', 'disk-full', 'memory-limit', 'version-skew']);

export interface SoakPool {
  readonly scenarios: readonly Scenario[];
  /** Each with its reason. */
  readonly leftOut: readonly string[];
}

/** What may happen in a soak of this cluster: all that it and the machine can. */
export function soakPool(target: Target): SoakPool {
  const count = (tier: string): number => target.members.filter((member) => member.tier === tier).length;
  const reasonOf = ({ name, hot, warm = 0, cold = 0, needs, wanted = [] }: Scenario): string | null => {
    if (apart.has(name)) return 'only in a run of its own';
    if (hot > count('hot')) return `needs ${hot} hot`;
    if (warm > count('warm')) return `needs ${warm} warm`;
    if (cold > count('cold')) return `needs ${cold} cold`;
    const lack = needs.map((need) => target.lacks(need)).find((reason) => reason !== null);
    if (lack !== undefined && lack !== null) return lack;
    const missing = wanted.find((ability) => !target.links.can(ability));
    return missing === undefined ? null : `this network has no ${missing}`;
  };
  const judged = scenarios.map((scenario) => ({ scenario, reason: reasonOf(scenario) }));
  return {
    scenarios: judged.flatMap(({ scenario, reason }) => (reason === null ? [scenario] : [])),
    leftOut: judged.flatMap(({ scenario, reason }) =>
      reason === null ? [] : [`${scenario.name} (${reason})`],
    ),
  };
}
