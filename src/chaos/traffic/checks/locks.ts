import {
  checkFencedUses,
  checkLock,
  type FencedUse,
  type LockHold,
} from '../../../verification/locks/lock.ts';
import type { Violation } from '../../../verification/violation.ts';
import type { Verdict } from '../../traffic.ts';
import type { Evidence } from '../part.ts';
import { leaseClock } from './lease-clock.ts';
import { verdict } from './verdict.ts';

const enoughHolds = 5;

/** What was written under the condition that the lock still has the token. */
export interface GuardedWrite {
  readonly lock: string;
  readonly holder: string;
  readonly token: number;
  readonly value: string;
}

/** No two hold a lock at one time, tokens grow, and nothing is written under a token that is no longer the lock's. */
export function checkLocks(
  holds: readonly LockHold[],
  guarded: readonly GuardedWrite[],
  { truth, truthLacks, covers }: Pick<Evidence, 'truth' | 'truthLacks' | 'covers'>,
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
  const violations = [...checkLock(holds, leaseClock), ...checkFencedUses(uses), ...unguarded];
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
