import { type LeaseId, noLease } from '../foundation/ids.ts';
import type { Findings } from './checks/findings.ts';
import type { Cluster } from './cluster.ts';
import { put } from './workload/commands.ts';
import { submit } from './workload/submit.ts';

/** Longer than a replica remembers how its clock stands to cluster time. */
const trafficEveryMs = 11_000;
/** A lease in a healthy cluster is gone so soon after its time-to-live in true time. */
const lateMs = 500;
const earlyMs = 25;
const drift = 0.005;

export type Run = (untilMs: number, done: () => boolean) => Promise<void>;

/**
 * A healthy cluster in which next to nothing happens, and one lease: it must end when its time-to-live has passed in true time, not in
 * cluster time alone (promise 9). Where a leader's clock is too slow it ends as much later, and never earlier.
 */
export async function checkQuietPhase(cluster: Cluster, findings: Findings, run: Run): Promise<void> {
  const { scheduler, plan } = cluster;
  const ttlMs = plan.quietTtlMs;
  let lease: LeaseId | null = null;
  let calledMs = 0;
  let grantedMs = 0;
  for (let tries = 0; tries < 10 && lease === null; tries++) {
    calledMs = scheduler.nowMs;
    submit(cluster.leader(), { kind: 'leaseGrant', id: noLease, ttlMs }, (result) => {
      if (result.kind !== 'leaseGrant') return;
      lease = result.id;
      grantedMs = scheduler.nowMs;
    });
    await run(calledMs + 1000, () => lease !== null);
  }
  if (findings.any) return;
  if (lease === null) {
    findings.report('liveness', 'no lease is granted in a quiet cluster');
    return;
  }
  const id: LeaseId = lease;
  /** Cluster time runs as the leader's clock does. */
  let slowestRate = 1;
  const latestMs = (): number => grantedMs + ttlMs * Math.max(1 + drift, 1 / slowestRate) + lateMs;
  const gone = (): boolean => {
    const leader = cluster.leader();
    slowestRate = Math.min(slowestRate, 1 + (leader?.time.drift ?? 0));
    return leader?.node?.state.lease(id) === null;
  };
  gone();
  for (let nextMs = grantedMs + trafficEveryMs; ; nextMs += trafficEveryMs) {
    await run(Math.min(nextMs, latestMs()), gone);
    if (gone() || scheduler.nowMs >= latestMs()) break;
    submit(cluster.leader(), put('quiet', `${nextMs}`), () => {});
  }
  const after = scheduler.nowMs - calledMs;
  if (!gone())
    findings.report(
      'lease-late',
      `a lease of ${ttlMs} ms is still there after ${after} ms in a quiet cluster`,
    );
  else if (after < ttlMs * (1 - drift) - earlyMs)
    findings.report('lease-early', `a lease of ${ttlMs} ms was gone after ${after} ms in a quiet cluster`);
}
