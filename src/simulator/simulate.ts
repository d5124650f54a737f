import { activateMutant, type MutantName } from '../foundation/mutants.ts';
import type { Violation } from '../verification/violation.ts';
import { Findings } from './checks/findings.ts';
import { checkHistories } from './checks/history-checks.ts';
import { Cluster } from './cluster.ts';
import { checkForcedPhase } from './forced-phase.ts';
import type { Machine } from './machine.ts';
import { Nemesis } from './nemesis.ts';
import { Operator } from './operator.ts';
import { drawPlan, type Plan, type TierShare } from './plan/plan.ts';
import { noPredictions } from './plan/predictions.ts';
import { checkQuietPhase, type Run } from './quiet-phase.ts';
import { checkTopologyPhase } from './topology-phase.ts';
import { paced } from './world/paced.ts';
import { Scheduler } from './world/scheduler.ts';
import { Trace } from './world/trace.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** A deliberate fault in the code that the checks have to find. */
  readonly mutant?: MutantName | null;
  /** With replicas beyond the quorum in some seeds. */
  readonly tiers?: boolean;
  /** False: nothing is predicted, whatever the seed says. Seeds that were found before there were predictions stay good so. */
  readonly predictions?: boolean;
  /** False: no clock is far too slow; for seeds that were found before any was. */
  readonly slowClocks?: boolean;
  /**
   * Places, targets and forced promotions by policy in half of the seeds with replicas beyond the quorum; absent: with `tiers`. False for seeds that
   * were found before there were any.
   */
  readonly topology?: boolean;
  /** Keep a line an event. */
  readonly trace?: boolean;
  /** In place of the seed's own: for shrinking. */
  readonly plan?: Plan;
}

export interface SimulationResult {
  readonly seed: number;
  /** Null: all invariants held. */
  readonly failure: Violation | null;
  readonly violations: readonly Violation[];
  readonly steps: number;
  readonly simulatedMs: number;
  readonly nodes: number;
  /** Calls with an answer, without effect, and unknown. */
  readonly calls: { readonly answered: number; readonly refused: number; readonly unknown: number };
  /** The search for an order of the operations was given up. */
  readonly undecided: boolean;
  /** Equal for equal runs. */
  readonly digest: string;
  readonly trace: readonly string[];
  /** What was run. */
  readonly plan: Plan;
}

/** How long after the last fault writes must be answered again, and replicas be equal. */
const livenessBoundMs = 15_000;

/**
 * One run: a safety phase with the seed's faults, then a liveness phase in which everything works and the cluster must make progress.
 * One run at a time in a process: mutants are global.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const drawn = options.plan ?? drawPlan(options.seed, shareOf(options.tiers), options.topology);
  const plan = {
    ...drawn,
    predictions: options.predictions === false ? noPredictions : drawn.predictions,
    slowClock: options.slowClocks === false ? null : drawn.slowClock,
  };
  const scheduler = new Scheduler();
  const trace = new Trace(options.trace ?? false, () => scheduler.nowMs);
  const findings = new Findings(trace);
  const rejected = (error: unknown): void => {
    findings.report('no-exception', error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  process.on('unhandledRejection', rejected);
  activateMutant(options.mutant ?? null);
  let undecided = false;
  const cluster = new Cluster(plan, scheduler, trace, findings);
  try {
    const nemesis = new Nemesis(cluster);
    nemesis.start();
    new Operator(cluster).start();
    cluster.start();
    const run = (untilMs: number, done: () => boolean): Promise<void> =>
      scheduler.run(
        untilMs,
        () => cluster.step(),
        () => findings.any || done(),
      );
    await run(plan.safetyMs, () => false);
    nemesis.calm();
    await checkLiveness(cluster, findings, run);
    if (plan.quietTtlMs > 0 && !findings.any) await checkQuietPhase(cluster, findings, run);
    if (!findings.any) {
      undecided = checkHistories(cluster.recorder, cluster.state, cluster.logs.leases, findings).undecided;
    }
    const hasBeyond = cluster.machines.some(({ member }) => (member?.beyond ?? null) !== null);
    if (plan.tiers.forced && hasBeyond && !findings.any) await checkForcedPhase(cluster, findings, run);
  } catch (error) {
    rejected(error);
  } finally {
    for (const machine of cluster.machines) machine.life?.end();
    activateMutant(null);
    process.off('unhandledRejection', rejected);
  }
  const { answered, refused, unknown } = cluster.recorder;
  return {
    seed: plan.seed,
    failure: findings.list[0] ?? null,
    violations: findings.list,
    steps: scheduler.steps,
    simulatedMs: scheduler.nowMs,
    nodes: plan.nodes,
    calls: { answered, refused, unknown },
    undecided,
    digest: trace.digest,
    trace: trace.lines,
    plan,
  };
}

/** New calls are answered within the bound, then, once calls have stopped, all replicas come to the same state. */
async function checkLiveness(cluster: Cluster, findings: Findings, run: Run): Promise<void> {
  const { scheduler, recorder, machines, callers, plan } = cluster;
  const needed = recorder.answered + 5 * callers.length;
  const calmAtMs = scheduler.nowMs;
  await run(calmAtMs + livenessBoundMs, () => recorder.answered >= needed);
  if (recorder.answered < needed && !findings.any) {
    const status = machines.map(({ id, node }) => {
      if (node === null) return `${id} is down`;
      const { role, term, commit, last } = node.raftStatus;
      return `${id} ${role} term ${term} commit ${commit} last ${last.index}`;
    });
    findings.report(
      'liveness',
      `calls are not answered ${livenessBoundMs} ms after the last fault: ${[...status, ...cluster.clientStates()].join(', ')}`,
    );
    return;
  }
  cluster.stopCalls();
  /** The members. */
  const present = (): readonly Machine[] => {
    const members = cluster.leader()?.node?.members() ?? [];
    return machines.filter(({ id }) =>
      members.some((member) => member.id === id && (member.voter || member.learner)),
    );
  };
  const equal = (): boolean => {
    const applied = present().map(({ node }) => node?.state.applied.index ?? -1);
    return (
      applied.length > 0 &&
      applied.every((index) => index >= cluster.logs.highest) &&
      new Set(applied).size === 1 &&
      left().length === 0 &&
      cluster.integrity.left(present()) === null
    );
  };
  /** Removed, and still there. */
  const left = (): readonly Machine[] => {
    const members = cluster.leader()?.node?.state.members;
    return machines.filter(
      (machine) => !machine.idle && members?.isRemoved(machine.id) === true && !hasNobody(machine),
    );
  };
  /** Its disk lost what it knew of the members, and nobody whom its config names is there any more: it cannot hear that it was removed. */
  const hasNobody = (machine: Machine): boolean =>
    (machine.node?.inspect().doubt ?? null) !== null &&
    machines.slice(0, plan.nodes).every((other) => other === machine || other.idle);
  // Calls under way end by their deadline; leases and sessions that run out afterwards keep the log moving a little.
  await run(scheduler.nowMs + plan.callDeadlineMs + 500, () => false);
  await run(scheduler.nowMs + livenessBoundMs, equal);
  if (!equal() && !findings.any) {
    const applied = machines.map(({ id, node }) => `${id} ${node?.state.applied.index ?? 'down'}`);
    findings.report(
      'replicas-equal',
      `${livenessBoundMs} ms after the last call: applied ${applied.join(', ')}; ${cluster.integrity.left(present()) ?? 'all whole'}`,
    );
  }
  if (!findings.any) await checkBeyond(cluster, findings, run);
  if (!findings.any) await checkTopologyPhase(cluster, findings, run);
  cluster.stopWatches();
}

/** Every replica beyond the quorum is whole, and at the present of the hot ones. */
async function checkBeyond(cluster: Cluster, findings: Findings, run: Run): Promise<void> {
  const { scheduler } = cluster;
  const isWhole = paced(scheduler, 5, () => cluster.leftBeyond() === null);
  await run(scheduler.nowMs + livenessBoundMs, isWhole);
  const why = cluster.leftBeyond();
  if (why !== null && !findings.any)
    findings.report('tiers-at-the-present', `${livenessBoundMs} ms after all were equal: ${why}`);
}

function shareOf(tiers: SimulationOptions['tiers']): TierShare {
  return tiers === true ? 'more' : 'ordinary';
}
