import type { Growth } from '../../foundation/growth.ts';
import type { Moment } from '../moment.ts';
import type { MemberTier } from '../target.ts';
import type { Sample, TrafficReport, Verdict } from '../traffic.ts';
import type { BudgetLine, MeasuredOutage } from './outages.ts';
import type { ProcessSample } from './process-watch.ts';

export type Answer = Verdict['answer'];

/** What one scenario under one seed came to. A skipped one has its reason and no figures; it counts as skipped, never as passed. */
export interface ScenarioResult extends TrafficReport {
  readonly scenario: string;
  readonly seed: number;
  readonly target: 'tanist' | 'etcd';
  /** The command that does the same again. */
  readonly replay: string;
  readonly skipped?: string;
  /** No promise was broken, and nothing went wrong with the run itself. */
  readonly ok: boolean;
  /** What went wrong beside the checks: the cluster did not settle, a node did not start, the harness failed. */
  readonly failures: readonly string[];
  readonly seconds: number;
  readonly network: 'namespaces' | 'proxy' | null;
  /** Why not the other. */
  readonly networkWhy: string;
  readonly members: readonly { readonly id: string; readonly tier: MemberTier }[];
  readonly faults: number;
  readonly linearizable: Answer;
  readonly watch: Answer;
  readonly outages: readonly MeasuredOutage[];
  readonly budgets: readonly BudgetLine[];
  /** Terms that somebody led after the first. */
  readonly elections: number;
  readonly falseElections: readonly {
    readonly atMs: number;
    readonly member: string;
    readonly term: number;
  }[];
  /** Hand-overs of leaders that foresaw their own failure, where no fault explains them. Absent in reports of before. */
  readonly foreseen?: number;
  readonly memory: readonly MemberGrowth[];
  readonly moments: readonly Moment[];
  readonly samples: readonly Sample[];
  readonly processes: Readonly<Record<string, readonly ProcessSample[]>>;
  readonly stalls: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** How busy the machine was: runnable processes (median, most), and the longest time that the harness itself stood still. */
  readonly load: { readonly median: number; readonly most: number; readonly longestStallMs: number };
  /** When faults began and ended, and the run itself, ms since it began. */
  readonly faultsFromMs: number;
  readonly faultsToMs: number;
  readonly endedMs: number;
}

export interface MemberGrowth {
  readonly member: string;
  /** In bytes. */
  readonly resident: Growth | null;
  readonly descriptors: Growth | null;
}

/** What a soak came to, over all of its segments. */
export interface SoakSummary {
  readonly hours: number;
  readonly hoursDone: number;
  readonly elections: number;
  readonly falseElectionsPerHour: number;
  readonly memory: readonly MemberGrowth[];
  /** What only shows over all segments: `elections`, `growth`. */
  readonly verdicts?: readonly Verdict[];
  /** Of every process, thinned out, on one time: ms of soaking. */
  readonly processes: Readonly<Record<string, readonly ProcessSample[]>>;
}

/** The whole of what `chaos run` writes, beside its picture. */
export interface ChaosDocument {
  readonly format: 'tanist-chaos-1';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly command: string;
  readonly host: {
    readonly cores: number;
    readonly memoryBytes: number;
    readonly system: string;
    readonly node: string;
  };
  readonly mutant: string | null;
  readonly build: string | null;
  /** File of the sections of the cluster's config, where one was given. */
  readonly config?: string;
  readonly budgets: 'assert' | 'report';
  /** It was told to stop before all was run. */
  readonly interrupted: boolean;
  readonly scenarios: readonly ScenarioResult[];
  /** No promise was broken, and that was shown: nothing skipped or undecided counts for it. */
  readonly ok: boolean;
  /** Of a soak: what only shows over all of its segments. */
  readonly soak?: SoakSummary;
}

const nothing = {
  failures: [],
  seconds: 0,
  network: null,
  networkWhy: '',
  members: [],
  faults: 0,
  operations: 0,
  acknowledged: 0,
  failed: 0,
  indeterminate: 0,
  lost: 0,
  earlyLost: 0,
  linearizable: 'unknown',
  watch: 'unknown',
  verdicts: [],
  outages: [],
  budgets: [],
  elections: 0,
  falseElections: [],
  memory: [],
  moments: [],
  samples: [],
  processes: {},
  stalls: [],
  load: { median: 0, most: 0, longestStallMs: 0 },
  faultsFromMs: 0,
  faultsToMs: 0,
  endedMs: 0,
} as const;

type Named = Pick<ScenarioResult, 'scenario' | 'seed' | 'target' | 'replay'>;

export function skippedResult(named: Named, reason: string): ScenarioResult {
  return { ...nothing, ...named, skipped: reason, ok: true };
}

/** A run that could not even begin, or broke off. */
export function brokenResult(named: Named, failure: string): ScenarioResult {
  return { ...nothing, ...named, ok: false, failures: [failure] };
}

/** What goes on standard output: all but the thousands of points that the report is drawn from. */
export function summaryOf(result: ScenarioResult): object {
  const { moments, samples, processes, stalls, verdicts, ...summary } = result;
  return {
    ...summary,
    verdicts: verdicts.map(({ check, answer, detail, violations }) => ({
      check,
      answer,
      detail,
      violations: violations.length,
    })),
  };
}

/** It has not shown what it is for: nothing was done, a check could not look or ran out of time, or none held. Too little to look at is another thing. */
export function isUndecided({ skipped, verdicts }: Pick<ScenarioResult, 'skipped' | 'verdicts'>): boolean {
  return (
    skipped === undefined &&
    (verdicts.some(({ answer, scant }) => answer === 'unknown' && scant !== true) ||
      verdicts.every(({ answer }) => answer === 'unknown'))
  );
}

/** Of a whole document: something ran, nothing was broken, and all that ran was decided. */
export function allShown(results: readonly ScenarioResult[]): boolean {
  return (
    results.some(({ skipped }) => skipped === undefined) &&
    results.every((result) => result.ok && !isUndecided(result))
  );
}

export function isOk(
  result: Pick<ScenarioResult, 'lost' | 'failures' | 'verdicts' | 'budgets'>,
  assertBudgets: boolean,
): boolean {
  return (
    result.lost === 0 &&
    result.failures.length === 0 &&
    result.verdicts.every(({ answer }) => answer !== 'no') &&
    (!assertBudgets || result.budgets.every(({ held }) => held))
  );
}
