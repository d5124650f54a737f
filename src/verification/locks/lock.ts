import type { Violation, Violations } from '../violation.ts';

/** One time that a holder got a lock. Times in ms of one clock, that of the observer of all callers. */
export interface LockHold {
  readonly lock: string;
  readonly holder: string;
  /** When it asked, and when it was told that it has the lock. */
  readonly calledMs: number;
  readonly acquiredMs: number;
  /** The fencing token: the revision at which it got the lock. Null: it was not told. */
  readonly token: number | null;
  /** When it asked to release, whatever the answer; null: it did not. */
  readonly releaseCalledMs: number | null;
  /** When it heard that it no longer has the lock; null: it did not. */
  readonly lostMs: number | null;
  /** The lease that the lock hangs on; null: it holds until released. `renewedMs`: when the answered grant and renewals were asked for. */
  readonly lease: { readonly ttlMs: number; readonly renewedMs: readonly number[] } | null;
}

export interface LockBounds {
  /** How much faster than real time cluster time may run, as a part of 1. */
  readonly drift: number;
  /** Cluster time may run ahead by so much at a change of leader. */
  readonly earlyMs: number;
}

/**
 * Mutual exclusion, judged by what holders could know: one surely has the lock from the answer that gave it until it asked to release, heard
 * of its loss, or its lease could end at the earliest. Two such times never overlap. And fencing tokens grow with each hold, and are never
 * given twice (Kleppmann 2016, "How to do distributed locking").
 */
export function checkLock(holds: readonly LockHold[], boundsOf: (hold: LockHold) => LockBounds): Violations {
  const violations: Violation[] = [];
  for (const ofLock of groupBy(holds, (each) => each.lock).values()) {
    violations.push(...overlaps(ofLock, boundsOf), ...tokens(ofLock));
  }
  return violations;
}

/** Until when the holder may rely on the lock. */
export function sureUntilMs(hold: LockHold, { drift, earlyMs }: LockBounds): number {
  const { lease } = hold;
  const expiresMs =
    lease === null
      ? Number.POSITIVE_INFINITY
      : Math.max(...lease.renewedMs) + lease.ttlMs * (1 - drift) - earlyMs;
  const infinite = Number.POSITIVE_INFINITY;
  return Math.min(hold.releaseCalledMs ?? infinite, hold.lostMs ?? infinite, expiresMs);
}

function overlaps(holds: readonly LockHold[], boundsOf: (hold: LockHold) => LockBounds): Violations {
  const violations: Violation[] = [];
  let last: { readonly hold: LockHold; readonly untilMs: number } | null = null;
  for (const hold of [...holds].sort((a, b) => a.acquiredMs - b.acquiredMs)) {
    const untilMs = sureUntilMs(hold, boundsOf(hold));
    if (untilMs <= hold.acquiredMs) continue;
    if (last !== null && hold.acquiredMs < last.untilMs) {
      violations.push({
        check: 'lock-exclusion',
        detail: `${show(hold)} from ${hold.acquiredMs} on, while ${show(last.hold)} from ${last.hold.acquiredMs} to ${last.untilMs}`,
      });
    }
    if (last === null || untilMs > last.untilMs) last = { hold, untilMs };
  }
  return violations;
}

function tokens(holds: readonly LockHold[]): Violations {
  const violations: Violation[] = [];
  const byToken = new Map<number, LockHold>();
  const byReturn = [...holds].sort((a, b) => a.acquiredMs - b.acquiredMs);
  let next = 0;
  let highest: LockHold | null = null;
  for (const hold of [...holds].sort((a, b) => a.calledMs - b.calledMs)) {
    for (
      let done = byReturn[next];
      done !== undefined && done.acquiredMs < hold.calledMs;
      done = byReturn[++next]
    )
      if (done.token !== null && done.token > (highest?.token ?? 0)) highest = done;
    if (hold.token === null) continue;
    const other = byToken.get(hold.token);
    if (other !== undefined) {
      violations.push({ check: 'lock-token-unique', detail: `${show(hold)}, and so has ${show(other)}` });
    } else if (highest !== null && hold.token <= (highest.token ?? 0)) {
      violations.push({
        check: 'lock-token-order',
        detail: `${show(hold)}, asked for at ${hold.calledMs}, after ${show(highest)} had been given at ${highest.acquiredMs}`,
      });
    }
    byToken.set(hold.token, hold);
  }
  return violations;
}

/** A use of what a lock guards that was let through, in the order in which the guarded thing took them. */
export interface FencedUse {
  readonly resource: string;
  readonly holder: string;
  readonly token: number;
}

/** What is fenced never takes a use with an older token than one that it has taken before. */
export function checkFencedUses(uses: readonly FencedUse[]): Violations {
  const violations: Violation[] = [];
  const last = new Map<string, FencedUse>();
  for (const use of uses) {
    const before = last.get(use.resource);
    if (before !== undefined && use.token < before.token) {
      violations.push({
        check: 'lock-fenced',
        detail: `${use.resource} took a use of ${use.holder} with token ${use.token} after one of ${before.holder} with ${before.token}`,
      });
    } else {
      last.set(use.resource, use);
    }
  }
  return violations;
}

function show({ lock, holder, token }: LockHold): string {
  return `${holder} has ${lock}${token === null ? '' : ` with token ${token}`}`;
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
