import type { Violation } from '../../../verification/violation.ts';
import type { Verdict } from '../../traffic.ts';
import type { Evidence } from '../part.ts';
import { verdict } from './verdict.ts';

const enoughHolds = 5;

/** Somebody certainly held the lock: from the answer to the try until it was let go, or its lease might have ended. */
export interface Hold {
  readonly lock: string;
  /** The creation revision of the lock's key. */
  readonly token: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What was written under the condition that the lock still has the token. */
export interface GuardedWrite {
  readonly lock: string;
  readonly token: number;
  readonly value: string;
}

/** No two hold a lock at one time, and nothing is written under a token that is no longer the lock's. */
export function checkLocks(
  holds: readonly Hold[],
  guarded: readonly GuardedWrite[],
  { truth, truthLacks, covers }: Pick<Evidence, 'truth' | 'truthLacks' | 'covers'>,
): Verdict {
  const violations: Violation[] = [];
  const sorted = [...holds].sort((a, b) => a.fromMs - b.fromMs);
  const last = new Map<string, Hold>();
  for (const hold of sorted) {
    const before = last.get(hold.lock);
    if (before !== undefined && hold.fromMs < before.toMs)
      violations.push({
        check: 'lock-exclusive',
        detail: `${hold.lock}: token ${hold.token} held from ${Math.round(hold.fromMs)} ms on, token ${before.token} until ${Math.round(before.toMs)} ms`,
      });
    if (before === undefined || hold.toMs > before.toMs) last.set(hold.lock, hold);
  }
  const byValue = new Map(guarded.map((write) => [write.value, write]));
  let found = 0;
  for (const events of truth.between(0, Number.POSITIVE_INFINITY))
    for (const { value, revision } of events) {
      const write = byValue.get(value);
      if (write === undefined || !covers(revision)) continue;
      found++;
      const lock = truth.keyAt(write.lock, revision);
      if (lock?.type !== 'put' || lock.revision !== write.token)
        violations.push({
          check: 'lock-fencing',
          detail: `revision ${revision} was written under token ${write.token} of ${write.lock}, which had ${lock?.type === 'put' ? `token ${lock.revision}` : 'no holder'}`,
        });
    }
  return verdict('lock', `${holds.length} holds, ${found} of ${guarded.length} guarded writes`, violations, {
    lacks: truthLacks,
    enough: holds.length >= enoughHolds && found >= enoughHolds,
  });
}
