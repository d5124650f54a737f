import { availableParallelism, release, totalmem, type } from 'node:os';
import type { MutantName } from '../../foundation/mutants.ts';
import type { Selection } from '../scenarios/registry.ts';
import type { Harness } from './harness.ts';
import type { BudgetTable } from './outages.ts';
import type { ChaosDocument, ScenarioResult } from './result.ts';
import { runScenario, type ScenarioOptions } from './run-scenario.ts';

/** One selection, under each of its seeds. */
export interface PlannedRun {
  readonly selection: Selection;
  readonly seeds: readonly number[];
  readonly seconds: number;
  readonly count?: number;
}

export interface RunPlan {
  readonly runs: readonly PlannedRun[];
  /** One after the other, each run on each of them. */
  readonly targets: readonly ('tanist' | 'etcd')[];
  readonly hot?: number;
  readonly warm?: number;
  readonly cold?: number;
  readonly network: ScenarioOptions['network'];
  readonly mutant?: MutantName;
  readonly build?: string;
  readonly otherBuild?: string;
  readonly config?: Readonly<Record<string, object>>;
  readonly rate: number;
  readonly clients: number;
  readonly parts?: readonly string[];
  readonly budgetTable: BudgetTable;
  readonly budgets: 'assert' | 'report';
  readonly command: string;
}

export interface RunEvents {
  readonly stop?: AbortSignal;
  /** A new, empty folder for each run. */
  readonly folder: (name: string) => Promise<string>;
  readonly began?: (name: string, number: number, of: number) => void;
  readonly progress?: (text: string) => void;
  /** Mistakes of the harness since it was last asked. */
  readonly strayErrors?: () => readonly string[];
  /** After each run, with all there is so far: a report that is written now survives whatever comes next. */
  readonly ended?: (result: ScenarioResult, soFar: ChaosDocument, folder: string) => Promise<void>;
}

/** All runs of a plan, one after the other. What goes wrong in one is in its result; the others follow all the same. */
export async function runPlan(harness: Harness, plan: RunPlan, events: RunEvents): Promise<ChaosDocument> {
  const startedAt = new Date(harness.clock.epochMs()).toISOString();
  const all = plan.runs.flatMap((run) =>
    run.seeds.flatMap((seed) => plan.targets.map((target) => ({ run, seed, target }))),
  );
  const results: ScenarioResult[] = [];
  const document = (interrupted: boolean): ChaosDocument => ({
    format: 'tanist-chaos-1',
    startedAt,
    command: plan.command,
    host: hostFacts(),
    mutant: plan.mutant ?? null,
    build: plan.build ?? null,
    budgets: plan.budgets,
    interrupted,
    scenarios: [...results],
    ok: results.length > 0 && results.every(({ ok }) => ok),
  });
  for (const [index, { run, seed, target }] of all.entries()) {
    if (events.stop?.aborted === true) break;
    const name = `${run.selection.name}-${target}-${seed}`;
    const folder = await events.folder(name);
    events.began?.(
      `${run.selection.name}${target === 'etcd' ? ' (etcd)' : ''}, seed ${seed}`,
      index + 1,
      all.length,
    );
    const result = await runScenario(harness, {
      ...pick(plan),
      ...run,
      seed,
      target,
      budgets: plan.budgetTable,
      assertBudgets: plan.budgets === 'assert',
      folder,
      replay: replayCommand(plan, run, seed, target),
      ...(events.stop === undefined ? {} : { stop: events.stop }),
      ...(events.progress === undefined ? {} : { onProgress: events.progress }),
    });
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
  ];
  const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag} ${value}`]));
  return ['npx tanist chaos run', selection.name, ...given].join(' ');
}

/** Options that plan and run have in common; those that are not there stay away. */
function pick(
  plan: RunPlan,
): Omit<
  ScenarioOptions,
  'selection' | 'seed' | 'seconds' | 'target' | 'budgets' | 'assertBudgets' | 'folder' | 'replay'
> {
  const { hot, warm, cold, network, mutant, build, otherBuild, config, rate, clients, parts } = plan;
  return {
    network,
    rate,
    clients,
    ...(hot === undefined ? {} : { hot }),
    ...(warm === undefined ? {} : { warm }),
    ...(cold === undefined ? {} : { cold }),
    ...(mutant === undefined ? {} : { mutant }),
    ...(build === undefined ? {} : { build }),
    ...(otherBuild === undefined ? {} : { otherBuild }),
    ...(config === undefined ? {} : { config }),
    ...(parts === undefined ? {} : { parts }),
  };
}
