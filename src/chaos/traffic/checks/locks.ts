import {
  checkFencedUses,
  checkLock,
  type FencedUse,
  type LockBounds,
  type LockHold,
} from '../../../verification/locks/lock.ts';
import type { Violation } from '../../../verification/violation.ts';
import type { Target, WrongRate } from '../../target.ts';
import type { Verdict } from '../../traffic.ts';
import type { Evidence } from '../part.ts';
import { earlyMsOf, leaseClock, wrongnessOf } from './lease-clock.ts';
import { verdict } from './verdict.ts';

const enoughHolds = 5;

/** What was written under the condition that the lock still has the token. */
export interface GuardedWrite {
  readonly lock: string;
  readonly holder: string;
  readonly token: number;
  readonly value: string;
}

/** A clock of the cluster that runs too fast ends a hold early, as it ends leases. */
function boundsAmong(wrongRates: readonly WrongRate[], { calledMs, lease }: LockHold): LockBounds {
  if (lease === null) return leaseClock;
  const { fast } = wrongnessOf(wrongRates, calledMs, Math.max(...lease.renewedMs) + lease.ttlMs);
  return { ...leaseClock, earlyMs: earlyMsOf(lease.ttlMs, fast) };
}

/** No two hold a lock at one time, tokens grow, and nothing is written under a token that is no longer the lock's. */
export function checkLocks(
  holds: readonly LockHold[],
  guarded: readonly GuardedWrite[],
  { truth, truthLacks, covers }: Pick<Evidence, 'truth' | 'truthLacks' | 'covers'>,
  { wrongRates }: Pick<Target, 'wrongRates'>,
): Verdict {
  const byValue = new Map(guarded.map((write) => [write.value, write]));
  const uses: FencedUse[] = [];
  const unguarded: Violation[] = [];
  for (const events of truth.between(0, Number.POSITIVE_INFINITY))
    for (const { key, value, revision } of events) {
      const write = byValue.get(value);
      if (write === undefined || !covers(revision)) continue;
      uses.push({ resource: key, holder: write.holder, token: write.token });
      const lock = truth.keyAt(write.lock, revision);
      if (lock?.type === 'put' && lock.revision === write.token) continue;
      unguarded.push({
        check: 'lock-condition',
        detail: `revision ${revision} was written on condition that ${write.lock} has token ${write.token}; it had ${lock?.type === 'put' ? `token ${lock.revision}` : 'no holder'}`,
      });
    }
  const violations = [
    ...checkLock(holds, (hold) => boundsAmong(wrongRates, hold)),
    ...checkFencedUses(uses),
    ...unguarded,
  ];
  return verdict(
    'lock',
    `${holds.length} holds, ${uses.length} of ${guarded.length} guarded writes`,
    violations,
    {
      lacks: truthLacks,
      enough: holds.length >= enoughHolds && uses.length >= enoughHolds,
    },
  );
}
