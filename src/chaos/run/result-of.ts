import { median, rounded } from '../../foundation/statistics.ts';
import type { Moment } from '../moment.ts';
import { hotIds } from '../scenarios/parts.ts';
import type { Target } from '../target.ts';
import type { Traffic, TrafficReport, Verdict } from '../traffic.ts';
import { electionVerdicts, faultless } from './election-verdict.ts';
import { electionsOf } from './elections.ts';
import { explained } from './explain.ts';
import { memberGrowth } from './member-growth.ts';
import { type NodeEventAt, nodeEvents } from './node-events.ts';
import { type BudgetTable, budgetLines, outagesOf } from './outages.ts';
import type { HarnessLoad, ProcessWatch } from './process-watch.ts';
import { type Answer, isOk, type ScenarioResult } from './result.ts';

/** What a result is called, and what it is measured by. */
export interface Judged {
  readonly selection: { readonly name: string };
  readonly seed: number;
  readonly seconds: number;
  readonly replay: string;
  readonly budgets: BudgetTable;
  readonly assertBudgets: boolean;
}

/** How many faults of a script were done, and of how many that were asked for. */
export interface ScriptFaults {
  readonly name: string;
  readonly faults: number;
  readonly wanted?: number;
}

interface Parts {
  readonly options: Judged;
  readonly target: Target;
  readonly traffic: Pick<Traffic, 'acknowledged' | 'samples'>;
  /** Null: there was none; why is among the failures. */
  readonly report: TrafficReport | null;
  readonly moments: readonly Moment[];
  /** Of each script of the run; of a soak's segment none, whose scripts may have had no time. */
  readonly scripts?: readonly ScriptFaults[];
  readonly watch: Pick<ProcessWatch, 'samples' | 'load'>;
  readonly failures: readonly string[];
  readonly zeroEpochMs: number;
  readonly faultsFromMs: number;
  readonly faultsToMs: number;
  readonly endedMs: number;
}

/** Memory of a process that grew by less than this in a run is taken as flat: caches fill. */
const negligible = { bytes: 16 * 1024 * 1024, descriptors: 8 };

/** Puts the result together from what was seen. */
export async function resultOf(parts: Parts): Promise<ScenarioResult> {
  const { options, target, traffic, report, moments, watch, failures } = parts;
  const bare = outagesOf(moments, traffic.acknowledged);
  const late = bare.some(
    ({ event, outageMs, overlapped }) =>
      overlapped !== true && (outageMs === null || outageMs > options.budgets[event].worstMs),
  );
  const unexplained = electionsOf(moments, hotIds(target)).some(({ isFalse }) => isFalse);
  const isAsked = (late || unexplained) && target.kind === 'tanist';
  const events = isAsked ? await allNodeEvents(target, parts.zeroEpochMs) : [];
  const outages = explained(bare, events, watch.load, options.budgets);
  const lines = budgetLines(outages, parts.endedMs, options.budgets);
  const elections = electionsOf(moments, hotIds(target), events);
  const faults = moments.filter((moment) => moment.kind === 'fault' && moment.undone === undefined).length;
  const verdicts = [
    ...(report?.verdicts ?? []),
    ...faultsDone(parts.scripts ?? [{ name: options.selection.name, faults }]),
    ...electionVerdicts(options, target.kind, elections, watch.load.stalls),
  ];
  const figures = {
    scenario: options.selection.name,
    seed: options.seed,
    target: target.kind,
    replay: options.replay,
    failures,
    seconds: options.seconds,
    network: target.links.how,
    networkWhy: target.links.why,
    members: target.members.map(({ id, tier }) => ({ id, tier })),
    faults,
    operations: report?.operations ?? 0,
    acknowledged: report?.acknowledged ?? traffic.acknowledged.length,
    failed: report?.failed ?? 0,
    indeterminate: report?.indeterminate ?? 0,
    lost: report?.lost ?? 0,
    earlyLost: report?.earlyLost ?? 0,
    linearizable: answerOf(verdicts, 'linearizable'),
    watch: answerOf(verdicts, 'watch'),
    verdicts,
    outages,
    budgets: lines,
    elections: elections.length,
    falseElections: elections
      .filter(({ isFalse }) => isFalse)
      .map(({ atMs, member, term }) => ({ atMs, member, term })),
    foreseen: elections.filter(({ isForeseen }) => isForeseen).length,
    memory: target.members.map(({ id }) => memberGrowth(id, watch.samples.get(id) ?? [], negligible)),
    moments,
    samples: traffic.samples,
    processes: Object.fromEntries(watch.samples),
    stalls: watch.load.stalls,
    load: loadOf(watch.load),
    faultsFromMs: parts.faultsFromMs,
    faultsToMs: parts.faultsToMs,
    endedMs: parts.endedMs,
  };
  // Budgets are Tanist's: another store is measured by them, not judged.
  const assertBudgets = options.assertBudgets && target.kind === 'tanist';
  return { ...figures, ok: isOk(figures, assertBudgets) };
}

/** The worst of what checks of this name said; unknown where none was made. */
function answerOf(verdicts: readonly Verdict[], check: string): Answer {
  const answers = verdicts.filter((verdict) => verdict.check === check).map(({ answer }) => answer);
  if (answers.includes('no')) return 'no';
  return answers.length === 0 || answers.includes('unknown') ? 'unknown' : 'yes';
}

/** A script that did nothing to the cluster, or less than was asked for, has not shown what it is for. */
function faultsDone(scripts: readonly ScriptFaults[]): readonly Verdict[] {
  const lacking = scripts.flatMap(({ name, faults, wanted = 1 }) =>
    faults >= wanted || name === faultless
      ? []
      : [faults === 0 ? `${name} did nothing` : `${name} came to ${faults} of ${wanted} faults`],
  );
  if (lacking.length === 0) return [];
  const detail = `${lacking.join('; ')} within the time: raise --seconds`;
  return [{ check: 'faults', answer: 'unknown', detail, violations: [] }];
}

function loadOf({ loads, stalls }: HarnessLoad): ScenarioResult['load'] {
  const values = loads.map(({ load }) => load);
  return {
    median: values.length === 0 ? 0 : rounded(median(values), 1),
    most: rounded(Math.max(0, ...values), 1),
    longestStallMs: rounded(Math.max(0, ...stalls.map(({ fromMs, toMs }) => toMs - fromMs)), 0),
  };
}

async function allNodeEvents(target: Target, zeroEpochMs: number): Promise<readonly NodeEventAt[]> {
  const all = await Promise.all(
    target.members.map(({ id }) => nodeEvents(id, target.logFile(id), zeroEpochMs)),
  );
  return all.flat().toSorted((a, b) => a.atMs - b.atMs);
}
