import { checkAcknowledged } from '../../verification/guarantees/acknowledged.ts';
import { checkLeaseBounds, type LeaseHistory } from '../../verification/guarantees/lease-bounds.ts';
import { checkRevisionOrder } from '../../verification/guarantees/revisions.ts';
import { checkWatch } from '../../verification/guarantees/watch.ts';
import { operationsOf } from '../../verification/history.ts';
import { checkLinearizability } from '../../verification/linearizability/linearizability.ts';
import { registerModel } from '../../verification/register/register.ts';
import type { Truth } from '../../verification/truth.ts';
import type { Recorder } from '../workload/recorder.ts';
import type { Findings } from './findings.ts';
import type { LeaseTimes } from './lease-times.ts';
import type { StateChecks } from './state-checks.ts';

/** Search steps (in thousands) that the linearizability check of one run may take: a count, so that runs repeat. */
const searchBudget = 400;

/**
 * Runs differ in how much faster or slower cluster time is than true time: clocks drift by up to 0.1 %, stamps are whole ms, and a
 * leader elected before it has applied its predecessor's last blocks stamps by the time of an earlier one.
 */
const leaseBounds = { drift: 0.005, earlyMs: 25, lateMs: Number.POSITIVE_INFINITY };

/** Everything that callers saw, against the truth. Says whether linearizability could not be decided. */
export function checkHistories(
  recorder: Recorder,
  { truth, appliedAtMs, clusterTimeMs }: StateChecks,
  leases: LeaseTimes,
  findings: Findings,
): { readonly undecided: boolean } {
  findings.all(checkAcknowledged(recorder.writes, truth));
  findings.all(checkRevisionOrder(recorder.observations));
  for (const { key, revision, value } of recorder.datedReads) {
    const event = truth.keyAt(key, revision);
    const was = event?.type === 'put' ? event.value : null;
    if (was !== value) {
      findings.report('read-of-past-state', `${key} at ${revision} was ${was}, a read said ${value}`);
    }
  }
  for (const watch of recorder.watches) findings.all(checkWatch(watch, truth));
  findings.all(checkLeaseBounds(leaseHistories(recorder, truth, appliedAtMs), leaseBounds));
  for (const lease of recorder.leases) {
    const putMs = clusterTimeMs.get(lease.putRevision ?? 0);
    const end = truth.keyAt(lease.key, Number.POSITIVE_INFINITY);
    const goneMs = end?.type === 'delete' ? (clusterTimeMs.get(end.revision) ?? null) : null;
    if (putMs !== undefined) leases.check(lease, putMs, goneMs);
  }
  let asked = 0;
  const answer = checkLinearizability(
    registerModel,
    operationsOf(recorder.registers.events),
    () => ++asked > searchBudget,
  );
  if (answer.answer === 'no') {
    const { part, placed } = answer;
    const last = placed.slice(-6).map((each) => registerModel.describe(each));
    const open = part.filter((each) => !placed.includes(each)).slice(0, 4);
    findings.report(
      'linearizable',
      `${placed.length} of ${part.length} operations can be ordered; the last: ${last.join('; ')}; then none of: ${open
        .map((each) => registerModel.describe(each))
        .join('; ')}`,
    );
  }
  return { undecided: answer.answer === 'unknown' };
}

function leaseHistories(
  recorder: Recorder,
  truth: Truth,
  appliedAtMs: ReadonlyMap<number, number>,
): readonly LeaseHistory[] {
  const histories: LeaseHistory[] = [];
  for (const { lease, key, ttlMs, renewals, putRevision, revoked } of recorder.leases) {
    if (putRevision === null) continue;
    const end = truth.keyAt(key, Number.POSITIVE_INFINITY);
    const goneMs = end?.type === 'delete' ? (appliedAtMs.get(end.revision) ?? null) : null;
    histories.push({ lease, ttlMs, renewals, goneMs, lastAliveMs: null, revoked });
  }
  return histories;
}
