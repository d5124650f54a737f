import type { Violation, Violations } from '../violation.ts';

/** What a holder and an observer saw of one lease. Times in ms of one clock. */
export interface LeaseHistory {
  readonly lease: string;
  readonly ttlMs: number;
  /** The grant and each renewal: asked, and answered (infinite if never: it may have counted at any time up to the end). */
  readonly renewals: readonly {
    readonly calledMs: number;
    readonly returnedMs: number;
    readonly ok: boolean;
  }[];
  /** When it was first seen to be gone: the time of the answer; null if never. */
  readonly goneMs: number | null;
  /** When an observer that was answered last saw it alive: the time of the question. */
  readonly lastAliveMs: number | null;
  readonly revoked: boolean;
}

export interface LeaseBounds {
  /** How much faster or slower than real time cluster time may run, as a part of 1. */
  readonly drift: number;
  /** Cluster time may run ahead by so much at a change of leader. */
  readonly earlyMs: number;
  /** How long after its time a lease may still be there while the cluster works. */
  readonly lateMs: number;
  /** When it did not work, as far as callers could see: cluster time may stand still, and nothing expires. */
  readonly stalls?: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/**
 * Promise 9: a lease is never gone before its time-to-live has passed since an answered renewal was asked for, and is gone at
 * latest `lateMs` after the last renewal that may have counted (stalls of the cluster added). Once seen to be gone it stays gone.
 */
export function checkLeaseBounds(leases: readonly LeaseHistory[], bounds: LeaseBounds): Violations {
  const violations: Violation[] = [];
  for (const { lease, ttlMs, renewals, goneMs, lastAliveMs, revoked } of leases) {
    const answered = renewals.filter((each) => each.ok);
    if (goneMs !== null && !revoked && answered.length > 0) {
      const calledMs = Math.max(
        ...answered.filter((each) => each.returnedMs <= goneMs).map((each) => each.calledMs),
      );
      const earliest = calledMs + ttlMs * (1 - bounds.drift) - bounds.earlyMs;
      if (goneMs < earliest) {
        violations.push({
          check: 'lease-early',
          detail: `lease ${lease} of ${ttlMs} ms, renewed at ${calledMs}, gone at ${goneMs}, not before ${earliest} allowed`,
        });
      }
    }
    const raised = goneMs === null ? undefined : answered.find((each) => each.calledMs > goneMs);
    if (raised !== undefined) {
      violations.push({
        check: 'lease-raised',
        detail: `lease ${lease} was gone at ${goneMs}, and a renewal asked for at ${raised.calledMs} was answered`,
      });
    }
    if (goneMs !== null && lastAliveMs !== null && lastAliveMs > goneMs) {
      violations.push({
        check: 'lease-raised',
        detail: `lease ${lease} was gone at ${goneMs}, and alive to a question at ${lastAliveMs}`,
      });
    }
    const lastMs = Math.max(...renewals.map((each) => each.returnedMs));
    if (lastAliveMs === null) continue;
    const latest =
      lastMs + ttlMs * (1 + bounds.drift) + bounds.lateMs + stalledMs(bounds, lastMs, lastAliveMs);
    if (lastAliveMs > latest) {
      violations.push({
        check: 'lease-late',
        detail: `lease ${lease} of ${ttlMs} ms, last renewal at ${lastMs}, still alive at ${lastAliveMs}, at most ${latest} allowed`,
      });
    }
  }
  return violations;
}

/** How long the cluster did not work between the two. */
function stalledMs({ stalls = [] }: LeaseBounds, fromMs: number, toMs: number): number {
  return stalls.reduce(
    (sum, stall) => sum + Math.max(0, Math.min(stall.toMs, toMs) - Math.max(stall.fromMs, fromMs)),
    0,
  );
}
