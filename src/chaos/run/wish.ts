import { join } from 'node:path';
import type { TargetOptions } from '../target/options.ts';
import type { Need, Target } from '../target.ts';
import type { MomentLog } from './moment-log.ts';
import type { ScenarioOptions } from './scenario-options.ts';

/** The cluster that scenarios wish for, and what is in the way of it. */

/** What the wished-for cluster is too small for; null: it fits. */
export function misfitOf({ selection, hot, warm, cold, target, otherBuild }: ScenarioOptions): string | null {
  for (const scenario of selection.scenarios) {
    if (scenario.needs.includes('other-build') && otherBuild === undefined)
      return 'other-build: no second build is given (--other-build)';
    if (target === 'etcd' && scenario.needs.includes('tanist')) return 'only for Tanist';
    if (hot !== undefined && hot < scenario.hot)
      return `needs ${scenario.hot} hot members, --hot says ${hot}`;
    if (warm !== undefined && warm < (scenario.warm ?? 0))
      return `needs ${scenario.warm} warm, --warm says ${warm}`;
    if (cold !== undefined && cold < (scenario.cold ?? 0))
      return `needs ${scenario.cold} cold, --cold says ${cold}`;
  }
  return null;
}

export function lackOf({ selection }: ScenarioOptions, target: Target): string | null {
  for (const need of new Set<Need>(selection.scenarios.flatMap(({ needs }) => needs))) {
    const reason = target.lacks(need);
    if (reason !== null) return `${need}: ${reason}`;
  }
  const missing = selection.scenarios
    .flatMap(({ wanted = [] }) => wanted)
    .find((ability) => !target.links.can(ability));
  if (missing !== undefined)
    return `${missing}: this network has none (${target.links.why}); use --network proxy`;
  return null;
}

export function wishOf(options: ScenarioOptions, log: MomentLog, nowMs: () => number): TargetOptions {
  const { scenarios } = options.selection;
  const { mutant, build, otherBuild, config } = options;
  const most = (of: (scenario: (typeof scenarios)[number]) => number | undefined): number =>
    Math.max(0, ...scenarios.map((scenario) => of(scenario) ?? 0));
  const limits = scenarios.flatMap(({ memoryLimitMb }) => memoryLimitMb ?? []);
  return {
    kind: options.target,
    folder: join(options.folder, 'cluster'),
    temporaryFolder: true,
    hot: options.hot ?? most(({ hot }) => hot),
    warm: options.warm ?? most(({ warm }) => warm),
    cold: options.cold ?? most(({ cold }) => cold),
    network: options.network,
    wanted: [
      ...(scenarios.some(({ needs }) => needs.includes('packet-loss')) ? (['loss'] as const) : []),
      ...new Set(scenarios.flatMap(({ wanted }) => wanted ?? [])),
    ],
    ...(mutant === undefined ? {} : { mutant }),
    ...(build === undefined ? {} : { build }),
    ...(otherBuild === undefined ? {} : { otherBuild }),
    ...(config === undefined ? {} : { config }),
    ...(scenarios.some(({ smallDisk }) => smallDisk === true) ? { smallDisk: true } : {}),
    ...(limits.length === 0 ? {} : { memoryLimitMb: Math.min(...limits) }),
    onMoment: (moment) => log.keep(moment),
    nowMs,
  };
}
