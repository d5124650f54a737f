import { access, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { budgets } from '../../chaos/moment.ts';
import { type FileRun, type PlanFile, parsePlan, seedRange } from '../../chaos/run/plan-file.ts';
import { defaultTraffic, type PlannedRun, type RunPlan } from '../../chaos/run/run-plan.ts';
import { select } from '../../chaos/scenarios/registry.ts';
import { allParts } from '../../chaos/traffic/parts/all-parts.ts';
import { TanistError } from '../../foundation/errors.ts';
import { type MutantName, mutantNames } from '../../foundation/mutants.ts';
import { suggestion } from '../../foundation/suggestion.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { configSections } from './config-sections.ts';
import type { ChaosRunOptions } from './options.ts';

/** Of faults, for each scenario. */
const defaultSeconds = 60;
const quickSeconds = 15;
const ciSeconds = 12;
/** With `--count` the number of faults ends a scenario, long before this. */
const countSeconds = 3600;
/** Of one run. */
const mostSeconds = 3600;

/** What is to be run, of the names and flags of the command line and of the plan file. What the line says goes before what the file says. */
export async function planOf(names: readonly string[], options: ChaosRunOptions): Promise<RunPlan> {
  const file = options.plan === undefined ? null : await readPlan(options.plan);
  if (names.length === 0 && file === null)
    throw new UsageError('name scenarios ("tanist chaos list"), a set (all, quick, ci), or a --plan');
  if (names.length > 0 && file !== null)
    throw new UsageError('names of scenarios and --plan exclude each other');
  if (options.seed !== undefined && options.seeds !== undefined)
    throw new UsageError('--seed and --seeds exclude each other');
  if (targetsOf(options).includes('etcd') && options.mutant !== undefined)
    throw new UsageError('--mutant: only nodes of Tanist can have a planted fault, not --target etcd');
  for (const flag of ['build', 'config', 'warm', 'cold'] as const)
    if (options.target === 'etcd' && options[flag] !== undefined && options[flag] !== 0)
      throw new UsageError(`--${flag}: only for Tanist, not with --target etcd`);
  const configFile = options.config ?? configOf(options.plan, file);
  const config = configFile === undefined ? undefined : await configSections(configFile);
  const hot = options.hot ?? file?.hot;
  const warm = options.warm ?? file?.warm;
  const cold = options.cold ?? file?.cold;
  const parts = options.traffic ?? file?.parts;
  const mutant = mutantOf(options.mutant);
  for (const part of parts ?? []) checkPart(part);
  const build = await buildOf('--build', options.build);
  const otherBuild = await buildOf('--other-build', options.otherBuild);
  return {
    runs: runsOf(file?.runs ?? namedRuns(names), options),
    targets: targetsOf(options),
    network: options.network ?? file?.network ?? 'auto',
    rate: options.rate ?? file?.rate ?? defaultTraffic.rate,
    clients: options.clients ?? file?.clients ?? defaultTraffic.clients,
    budgetTable: file?.budgetTable ?? budgets,
    budgets: options.budgets,
    command: ['tanist', ...process.argv.slice(2)].join(' '),
    ...(hot === undefined ? {} : { hot }),
    ...(warm === undefined ? {} : { warm }),
    ...(cold === undefined ? {} : { cold }),
    ...(config === undefined || configFile === undefined ? {} : { config, configFile }),
    ...(parts === undefined ? {} : { parts }),
    ...(mutant === undefined ? {} : { mutant }),
    ...(build === undefined ? {} : { build }),
    ...(otherBuild === undefined ? {} : { otherBuild }),
  };
}

async function readPlan(path: string): Promise<PlanFile> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new TanistError('config-invalid', `${path}: cannot be read (${cause.code ?? cause.message})`, {
      cause,
    });
  });
  return parsePlan(text, path);
}

/** Paths in a plan are as seen from it. */
function configOf(plan: string | undefined, file: PlanFile | null): string | undefined {
  if (plan === undefined || file?.config === undefined) return undefined;
  return resolve(dirname(plan), file.config);
}

function namedRuns(names: readonly string[]): readonly FileRun[] {
  const runs = new Map<string, FileRun>();
  for (const name of names) {
    const selected = select([name]);
    if (selected.kind === 'unknown') throw new UsageError(selected.problem);
    for (const selection of selected.selections)
      if (!runs.has(selection.name)) runs.set(selection.name, { name, selection });
  }
  return [...runs.values()];
}

/** What the line says goes for all runs; then comes what the file says of one; then what is usual. */
function runsOf(runs: readonly FileRun[], options: ChaosRunOptions): readonly PlannedRun[] {
  const given = seedsOf(options);
  return runs.map(({ name, selection, ...own }) => {
    const count = options.count ?? own.count;
    const seconds = options.seconds ?? own.seconds ?? usualSeconds(name, count);
    if (seconds > mostSeconds)
      throw new UsageError(
        `${seconds} s of ${name}: a run holds all that its clients did, so it lasts ${mostSeconds} s at most; tanist chaos soak checks in windows and may go on for days`,
      );
    return {
      selection,
      seeds: given ?? own.seeds ?? [1],
      seconds,
      ...(count === undefined ? {} : { count }),
    };
  });
}

function usualSeconds(name: string, count: number | undefined): number {
  if (count !== undefined) return countSeconds;
  return name === 'ci' ? ciSeconds : name === 'quick' ? quickSeconds : defaultSeconds;
}

/** Null: the line says nothing of them. */
function seedsOf({ seed, seeds, repeat }: ChaosRunOptions): readonly number[] | null {
  if (seeds !== undefined) return seedRange(seeds.from, seeds.to);
  if (seed === undefined && repeat === undefined) return null;
  const from = seed ?? 1;
  return seedRange(from, from + (repeat ?? 1) - 1);
}

function targetsOf({ target, against }: ChaosRunOptions): RunPlan['targets'] {
  if (against === 'etcd' || target === 'both') return ['tanist', 'etcd'];
  return [target ?? 'tanist'];
}

function checkPart(name: string): void {
  const names = allParts.map((part) => part.name);
  if (!names.includes(name))
    throw new UsageError(
      `no traffic is called "${name}"${suggestion(name, names)}; there is ${names.join(', ')}`,
    );
}

/** Before any cluster starts: a member that is to change to a build that is not there would leave one in pieces. */
export async function buildOf(flag: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const path = resolve(file);
  await access(path).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(
      `${flag}: ${path} cannot be read (${cause.code ?? cause.message}); dist/src/cli/main.js of a build is wanted`,
    );
  });
  return path;
}

function mutantOf(name: string | undefined): MutantName | undefined {
  if (name === undefined) return undefined;
  const known = mutantNames.find((candidate) => candidate === name);
  if (known === undefined)
    throw new UsageError(
      `--mutant: no planted fault "${name}"${suggestion(name, mutantNames)}; there is ${mutantNames.join(', ')}`,
    );
  return known;
}
