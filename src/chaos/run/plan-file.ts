import * as v from 'valibot';
import { configIssue } from '../../foundation/config-issue.ts';
import { asError, TanistError } from '../../foundation/errors.ts';
import { parseYaml } from '../../foundation/parse-yaml.ts';
import { type Budget, budgets } from '../moment.ts';
import { select } from '../scenarios/registry.ts';
import type { BudgetTable } from './outages.ts';
import type { PlannedRun } from './run-plan.ts';

/** What a plan file says; what it leaves out, the command line or the scenarios decide. */
export interface PlanFile {
  readonly runs: readonly FileRun[];
  readonly hot?: number;
  readonly warm?: number;
  readonly cold?: number;
  /** File with sections of the cluster's config, as it is written in the plan. */
  readonly config?: string;
  readonly network?: 'auto' | 'namespaces' | 'proxy';
  readonly rate?: number;
  readonly clients?: number;
  readonly parts?: readonly string[];
  readonly budgetTable: BudgetTable;
}

/** A run as the file has it. */
export interface FileRun {
  /** What it was named by: a scenario, a combination, a set. */
  readonly name: string;
  readonly selection: PlannedRun['selection'];
  readonly seeds?: readonly number[];
  readonly seconds?: number;
  readonly count?: number;
}

const mostSeeds = 10_000;

function whole(least: number, most: number) {
  const text = `must be a whole number from ${least} to ${most}`;
  return v.pipe(v.number(text), v.integer(text), v.minValue(least, text), v.maxValue(most, text));
}

function positive() {
  const text = 'must be a number above 0';
  return v.pipe(v.number(text), v.gtValue(0, text));
}

const name = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'));
const seedsText = 'must be a whole number, a range such as 1..3, or a list of whole numbers';
const seedsSchema = v.custom<number | string | readonly number[]>(
  (value) => seedsOf(value) !== null,
  seedsText,
);
const runSchema = v.strictObject({
  scenario: name,
  seconds: v.optional(positive()),
  count: v.optional(whole(1, 100_000)),
  seeds: v.optional(seedsSchema),
});
const budgetSchema = v.strictObject({ medianMs: positive(), worstMs: positive() });
const clusterSchema = v.strictObject({
  hot: v.optional(whole(1, 9)),
  warm: v.optional(whole(0, 9)),
  cold: v.optional(whole(0, 9)),
  config: v.optional(name),
});
const trafficSchema = v.strictObject({
  rate: v.optional(whole(1, 100_000)),
  clients: v.optional(whole(1, 1000)),
  parts: v.optional(v.pipe(v.array(name, 'must be a list of names'), v.nonEmpty('must name at least one'))),
});
const networkNames = ['auto', 'namespaces', 'proxy'] as const;
const budgetsSchema = v.strictObject({
  kill: v.optional(budgetSchema),
  freeze: v.optional(budgetSchema),
  'hand-over': v.optional(budgetSchema),
});
const fileSchema = v.strictObject({
  cluster: v.optional(clusterSchema, {}),
  network: v.optional(v.picklist(networkNames, `must be one of ${networkNames.join(', ')}`)),
  traffic: v.optional(trafficSchema, {}),
  budgets: v.optional(budgetsSchema, {}),
  runs: v.pipe(v.array(runSchema, 'must be a list of runs'), v.nonEmpty('must name at least one run')),
});

/** Fails as `config-invalid` with one line: file, path of the key, what is allowed. */
export function parsePlan(text: string, source = 'plan'): PlanFile {
  const fail = (message: string): never => {
    throw new TanistError('config-invalid', `${source}: ${message}`);
  };
  let content: unknown;
  try {
    content = parseYaml(text);
  } catch (error) {
    return fail(asError(error).message);
  }
  const parsed = v.safeParse(fileSchema, content ?? {});
  const issue = configIssue(fileSchema, content, parsed.issues);
  if (issue !== null || !parsed.success) return fail(issue ?? 'is not a plan');
  const { cluster, network, traffic, budgets: wanted, runs } = parsed.output;
  const planned: FileRun[] = [];
  for (const [index, { scenario, seconds, count, seeds }] of runs.entries()) {
    const selected = select([scenario]);
    if (selected.kind === 'unknown') return fail(`runs[${index}].scenario: ${selected.problem}`);
    for (const selection of selected.selections)
      planned.push({
        name: scenario,
        selection,
        ...(seconds === undefined ? {} : { seconds }),
        ...(seeds === undefined ? {} : { seeds: seedsOf(seeds) ?? [] }),
        ...(count === undefined ? {} : { count }),
      });
  }
  const { hot, warm, cold, config } = cluster;
  const { rate, clients, parts } = traffic;
  return {
    runs: planned,
    ...(hot === undefined ? {} : { hot }),
    ...(warm === undefined ? {} : { warm }),
    ...(cold === undefined ? {} : { cold }),
    ...(config === undefined ? {} : { config }),
    ...(network === undefined ? {} : { network }),
    ...(rate === undefined ? {} : { rate }),
    ...(clients === undefined ? {} : { clients }),
    ...(parts === undefined ? {} : { parts }),
    budgetTable: budgetTable(wanted),
  };
}

function budgetTable(wanted: v.InferOutput<typeof budgetsSchema>): BudgetTable {
  const of = (event: Budget): BudgetTable[Budget] => wanted[event] ?? budgets[event];
  return { kill: of('kill'), freeze: of('freeze'), 'hand-over': of('hand-over') };
}

/** Null: not seeds. */
function seedsOf(value: unknown): readonly number[] | null {
  const isSeed = (seed: unknown): seed is number => Number.isSafeInteger(seed) && Number(seed) >= 0;
  if (isSeed(value)) return [value];
  if (Array.isArray(value))
    return value.length > 0 && value.length <= mostSeeds && value.every(isSeed) ? value : null;
  const match = typeof value === 'string' ? /^(\d{1,15})\.\.(\d{1,15})$/.exec(value) : null;
  if (match === null) return null;
  const [from, to] = [Number(match[1]), Number(match[2])];
  return from <= to && to - from < mostSeeds ? seedRange(from, to) : null;
}

export function seedRange(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
