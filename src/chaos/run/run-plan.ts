import { availableParallelism, release, totalmem, type } from 'node:os';
import type { Selection } from '../scenarios/registry.ts';
import type { Harness } from './harness.ts';
import { messageOf } from './heal.ts';
import type { BudgetTable } from './outages.ts';
import { allShown, brokenResult, type ChaosDocument, type ScenarioResult } from './result.ts';
import { runScenario } from './run-scenario.ts';
import type { RunSettings } from './scenario-options.ts';

/** One selection, under each of its seeds. */
export interface PlannedRun {
  readonly selection: Selection;
  readonly seeds: readonly number[];
  readonly seconds: number;
  readonly count?: number;
}

export interface RunPlan extends RunSettings {
  readonly runs: readonly PlannedRun[];
  /** One after the other, each run on each of them. */
  readonly targets: readonly ('tanist' | 'etcd')[];
  readonly budgetTable: BudgetTable;
  readonly budgets: 'assert' | 'report';
  /** Where `config` was read from. */
  readonly configFile?: string;
  readonly command: string;
}

/** Of a run whose user says nothing: operations a second, callers. */
export const defaultTraffic = { rate: 1000, clients: 16 } as const;

export interface RunEvents {
  readonly stop?: AbortSignal;
  /** A new, empty folder for each run. */
  readonly folder: (name: string) => Promise<string>;
  readonly began?: (name: string, number: number, of: number) => void;
  readonly progress?: (text: string) => void;
  /** Mistakes of the harness since it was last asked. */
  readonly strayErrors?: () => readonly string[];
  /** After each run, with all there is so far: a report that is written now survives whatever comes next. The folder is empty where none could be made. */
  readonly ended?: (result: ScenarioResult, soFar: ChaosDocument, folder: string) => Promise<void>;
}

/** All runs of a plan, one after the other. What goes wrong in one is in its result; the others follow all the same. */
export async function runPlan(harness: Harness, plan: RunPlan, events: RunEvents): Promise<ChaosDocument> {
  const startedAt = new Date(harness.clock.epochMs()).toISOString();
  const { runs, targets, budgetTable, budgets, configFile, command, ...settings } = plan;
  const all = runs.flatMap((run) =>
    run.seeds.flatMap((seed) => targets.map((target) => ({ run, seed, target }))),
  );
  const results: ScenarioResult[] = [];
  const document = (interrupted: boolean): ChaosDocument => ({
    format: 'tanist-chaos-1',
    startedAt,
    command,
    host: hostFacts(),
    mutant: plan.mutant ?? null,
    build: plan.build ?? null,
    ...(configFile === undefined ? {} : { config: configFile }),
    budgets,
    interrupted,
    scenarios: [...results],
    ok: allShown(results),
  });
  for (const [index, { run, seed, target }] of all.entries()) {
    if (events.stop?.aborted === true) break;
    const name = `${run.selection.name}-${target}-${seed}`;
    events.began?.(
      `${run.selection.name}${target === 'etcd' ? ' (etcd)' : ''}, seed ${seed}`,
      index + 1,
      all.length,
    );
    const replay = replayCommand(plan, run, seed, target);
    let folder = '';
    let result: ScenarioResult;
    try {
      folder = await events.folder(name);
      result = await runScenario(harness, {
        ...settings,
        ...run,
        seed,
        target,
        budgets: budgetTable,
        assertBudgets: budgets === 'assert',
        folder,
        replay,
        ...(events.stop === undefined ? {} : { stop: events.stop }),
        ...(events.progress === undefined ? {} : { onProgress: events.progress }),
      });
    } catch (error) {
      const named = { scenario: run.selection.name, seed, target, replay };
      result = brokenResult(named, `no folder for the cluster: ${messageOf(error)}`);
    }
    const stray = events.strayErrors?.() ?? [];
    const whole =
      stray.length === 0 ? result : { ...result, ok: false, failures: [...result.failures, ...stray] };
    results.push(whole);
    await events.ended?.(whole, document(index + 1 < all.length), folder);
  }
  return document(results.length < all.length || events.stop?.aborted === true);
}

export function hostFacts(): ChaosDocument['host'] {
  return {
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.version,
  };
}

/** What one line of the command line would do again. */
export function replayCommand(
  plan: Omit<RunPlan, 'runs' | 'targets' | 'command'>,
  { selection, seconds, count }: Omit<PlannedRun, 'seeds'>,
  seed: number,
  target: 'tanist' | 'etcd',
): string {
  const flags: readonly (readonly [string, string | number | undefined])[] = [
    ['--seed', seed],
    ['--seconds', seconds],
    ['--count', count],
    ['--target', target === 'etcd' ? 'etcd' : undefined],
    ['--hot', plan.hot],
    ['--warm', plan.warm],
    ['--cold', plan.cold],
    ['--network', plan.network === 'auto' ? undefined : plan.network],
    ['--mutant', plan.mutant],
    ['--build', plan.build],
    ['--other-build', plan.otherBuild],
    ['--config', plan.configFile],
    ['--rate', plan.rate === defaultTraffic.rate ? undefined : plan.rate],
    ['--clients', plan.clients === defaultTraffic.clients ? undefined : plan.clients],
    ['--traffic', plan.parts?.join(',')],
  ];
  const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag} ${value}`]));
  return ['npx tanist chaos run', selection.name, ...given].join(' ');
}
