import type { Violation, Violations } from './violation.ts';

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
}

/**
 * Promise 9: a lease is never gone before its time-to-live has passed since an answered renewal was asked for, and is gone at
 * latest `lateMs` after the last renewal that may have counted.
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
    const lastMs = Math.max(...renewals.map((each) => each.returnedMs));
    const latest = lastMs + ttlMs * (1 + bounds.drift) + bounds.lateMs;
    if (lastAliveMs !== null && lastAliveMs > latest) {
      violations.push({
        check: 'lease-late',
        detail: `lease ${lease} of ${ttlMs} ms, last renewal at ${lastMs}, still alive at ${lastAliveMs}, at most ${latest} allowed`,
      });
    }
  }
  return violations;
}
