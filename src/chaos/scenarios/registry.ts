import { suggestion } from '../../foundation/suggestion.ts';
import type { Scenario } from '../scenario.ts';
import { clockScenarios } from './clock.ts';
import { diskScenarios } from './disk.ts';
import { diskFullScenarios } from './disk-full.ts';
import { freezeScenarios } from './freeze.ts';
import { killScenarios } from './kill.ts';
import { membershipScenarios } from './membership.ts';
import { memoryScenarios } from './memory.ts';
import { networkScenarios } from './network.ts';
import { orderlyScenarios } from './orderly.ts';
import { partitionScenarios } from './partition.ts';
import { powerScenarios } from './power.ts';
import { versionScenarios } from './version.ts';

/** Every scenario there is, by family. */
export const scenarios: readonly Scenario[] = [
  ...killScenarios,
  ...powerScenarios,
  ...freezeScenarios,
  ...orderlyScenarios,
  ...partitionScenarios,
  ...networkScenarios,
  ...diskScenarios,
  ...diskFullScenarios,
  ...clockScenarios,
  ...membershipScenarios,
  ...memoryScenarios,
  ...versionScenarios,
];

export const setNames = ['all', 'quick', 'ci'] as const;
export type SetName = (typeof setNames)[number];

/** The shorter form for a machine that builds and tests: what finds most of the planted bugs in the least time. */
const ciNames: readonly string[] = ['kill-leader', 'partition-oneway'];

/** One run: scripts at the same time on one cluster. */
export interface Selection {
  /** `kill-leader`, or `kill-leader+partition-oneway`. */
  readonly name: string;
  readonly scenarios: readonly Scenario[];
}

export type Selected =
  | { readonly kind: 'selected'; readonly selections: readonly Selection[] }
  | { readonly kind: 'unknown'; readonly problem: string };

/** What the names mean: scenarios, combinations `a+b`, sets. Each once, in the order in which they are first named. */
export function select(names: readonly string[]): Selected {
  const selections = new Map<string, Selection>();
  for (const name of names) {
    const set = setNames.find((candidate) => candidate === name);
    if (set !== undefined) {
      for (const scenario of scenariosOf(set))
        selections.set(scenario.name, { name: scenario.name, scenarios: [scenario] });
      continue;
    }
    const parts: Scenario[] = [];
    for (const part of name.split('+')) {
      const scenario = scenarios.find((candidate) => candidate.name === part);
      if (scenario === undefined) return { kind: 'unknown', problem: unknownText(part) };
      parts.push(scenario);
    }
    selections.set(name, { name, scenarios: parts });
  }
  return { kind: 'selected', selections: [...selections.values()] };
}

export function scenariosOf(set: SetName): readonly Scenario[] {
  if (set === 'ci') return scenarios.filter(({ name }) => ciNames.includes(name));
  return scenarios.filter(({ sets }) => sets.includes(set));
}

function unknownText(name: string): string {
  const known = [...setNames, ...scenarios.map((scenario) => scenario.name)];
  return `no scenario "${name}"${suggestion(name, known)}; "tanist chaos list" names them all`;
}
