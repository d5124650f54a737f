import type { LeaseId, NodeId } from '../foundation/ids.ts';
import type { ForcedReport } from '../ports/lineage.ts';
import type { Held } from '../ports/replication.ts';
import { reportName } from '../replication/forced/force-promotion.ts';
import type { Findings } from './checks/findings.ts';
import type { Cluster } from './cluster.ts';
import type { Machine } from './machine.ts';
import type { Run } from './quiet-phase.ts';
import type { Fences } from './tiers/fences.ts';
import { savedNote } from './world/sim-folder.ts';

/** For so long a replica tries in vain. */
const inVainMs = 12_000;
/** A fence command that failed is tried again within a minute. */
const boundMs = 150_000;
const answerMs = 5000;

/** What is held at the moment of a forced promotion. */
export interface Holding {
  readonly held: Held | null;
  readonly leases: readonly (readonly [lease: LeaseId, ttlMs: number])[];
}

export interface Heir extends Holding {
  readonly target: Machine;
  readonly report: ForcedReport;
}

export function heldBy({ member }: Machine): Holding {
  const beyond = member?.beyond ?? null;
  return {
    held: beyond?.replica.report().held ?? null,
    leases: beyond?.tier === 'warm' ? [...beyond.replica.state.leases] : [],
  };
}

/**
 * All hot members are lost or, alive, cut off from all others: a replica goes on by its policy when every old hot member's fence has succeeded, and
 * not before.
 */
export async function promotedByPolicy(
  cluster: Cluster,
  fences: Fences,
  hot: readonly Machine[],
  findings: Findings,
  run: Run,
): Promise<Heir | null> {
  const { scheduler, machines, network } = cluster;
  const unreached = fences.final().filter((id) => hot.some((machine) => machine.id === id));
  const ways = fences.plan.cutOff ? waysBetween(hot, machines) : [];
  for (const [from, to] of ways) network.block(from, to);
  if (!fences.plan.cutOff)
    for (const machine of hot) {
      machine.idle = true;
      machine.crash(true);
    }
  let began: (Holding & { readonly target: Machine; readonly epoch: number }) | null = null;
  cluster.forced = (target) => {
    const unfenced = hot.filter(({ id }) => !fences.done.has(id)).map(({ id }) => id);
    checkFenced(target, unfenced, hot, findings);
    if (began !== null) findings.report('forced-twice', `${began.target.id}, then ${target.id}`);
    const epoch = (target.member?.supervisor.said().lineage.epoch ?? 0) + 1;
    began ??= { target, epoch, ...heldBy(target) };
    cluster.newLineage(target);
  };
  const isOver = (): boolean => began !== null;
  if (unreached.length > 0) await run(scheduler.nowMs + inVainMs, isOver);
  fences.mend();
  const beyond = machines.filter((machine) => machine.member?.beyond != null);
  if (beyond.length === 1 && !fences.plan.alone) {
    // Nobody can confirm what it sees: `forced` finds it if it goes on all the same.
    cluster.forced = ({ id }) => findings.report('forced-alone', `${id} goes on, unconfirmed`);
    await run(scheduler.nowMs + inVainMs, () => false);
    return null;
  }
  await run(scheduler.nowMs + boundMs, isOver);
  const promoted = began as (Holding & { readonly target: Machine; readonly epoch: number }) | null;
  if (findings.any) return null;
  if (promoted === null) {
    findings.report('forced', `nobody goes on by its policy ${boundMs} ms after all fences work`);
    return null;
  }
  const { target, epoch } = promoted;
  const saved = (): string | null => savedNote(target.disk, reportName(epoch));
  await run(scheduler.nowMs + answerMs, () => saved() !== null && target.node !== null);
  for (const [from, to] of ways) network.unblock(from, to);
  const text = saved();
  if (text === null) findings.report('forced', `${target.id} has saved no report of its promotion`);
  return text === null ? null : { ...promoted, report: JSON.parse(text) as ForcedReport };
}

function checkFenced(
  { id }: Machine,
  unfenced: readonly NodeId[],
  hot: readonly Machine[],
  findings: Findings,
): void {
  const alive = hot.filter(({ running }) => running).map((machine) => machine.id);
  if (unfenced.length > 0 || alive.length > 0)
    findings.report(
      'forced-unfenced',
      `${id} goes on by its policy; no fence has succeeded for ${unfenced.join(', ') || 'nobody'}; ${alive.join(', ') || 'nobody'} runs`,
    );
}

function waysBetween(
  some: readonly Machine[],
  all: readonly Machine[],
): readonly (readonly [string, string])[] {
  const ways: (readonly [string, string])[] = [];
  for (const { id } of some)
    for (const other of all) if (!some.includes(other)) ways.push([id, other.id], [other.id, id]);
  return ways;
}
