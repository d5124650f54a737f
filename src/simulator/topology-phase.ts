import type { Findings } from './checks/findings.ts';
import type { Cluster } from './cluster.ts';
import { measuredMs } from './plan/topology.ts';
import type { Run } from './quiet-phase.ts';
import { paced } from './world/paced.ts';

/** Moves that a policy may still want, one after another. */
const mostMoves = 8;
/** For so long nothing goes back to what it was. */
const watchedMs = 10_000;

/** Nothing goes wrong any more: the tiers come to what the policy wants, and stay. */
export async function checkTopologyPhase(cluster: Cluster, findings: Findings, run: Run): Promise<void> {
  const { scheduler, plan, topology, machines } = cluster;
  const { policy } = plan.topology;
  if (policy === null) return;
  await run(scheduler.nowMs + measuredMs, () => false);
  topology.calm();
  const left = (): string | null => {
    const node = cluster.leader()?.node ?? null;
    if (node === null) return 'nobody leads';
    return topology.left(node, (id) => machines.findIndex((machine) => machine.id === id));
  };
  // Its clocks may be far too slow who leads.
  const slow = 1 / (plan.slowClock?.rate ?? 1);
  const boundMs = slow * (mostMoves * (policy.gainForMs + policy.atMostEveryMs) + measuredMs);
  await run(
    scheduler.nowMs + boundMs,
    paced(scheduler, 100, () => left() === null),
  );
  const why = left();
  if (why !== null && !findings.any)
    findings.report('tiers-as-wanted', `${boundMs} ms after all was measured: ${why}`);
  await run(scheduler.nowMs + watchedMs, () => false);
  topology.over();
}
