import type { Truth } from '../truth.ts';
import type { Violation } from '../violation.ts';

/** A write that its caller was told is done (durably: not an early acknowledgement). */
export interface AcknowledgedWrite {
  readonly operation: number;
  readonly revision: number;
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly value: string;
}

export interface MissingWrite extends Violation {
  readonly write: AcknowledgedWrite;
}

/** Promise 1: each acknowledged write is in the committed history, at the revision that its caller was told. */
export function checkAcknowledged(
  writes: readonly AcknowledgedWrite[],
  truth: Truth,
): readonly MissingWrite[] {
  const violations: MissingWrite[] = [];
  for (const write of writes) {
    const found = truth.at(write.revision).filter((event) => event.key === write.key);
    const right = found.some((event) => event.type === write.type && event.value === write.value);
    if (right) continue;
    const instead = found.map((event) => `${event.type} ${event.value}`).join(', ') || 'nothing of that key';
    violations.push({
      write,
      check: 'acknowledged-found',
      detail: `operation ${write.operation}: ${write.type} ${write.key}=${write.value} at revision ${write.revision}, found ${instead}`,
    });
  }
  return violations;
}

/** What can be asked of a store from outside: the last state of each key. */
export interface FinalKey {
  readonly value: string;
  readonly modRevision: number;
}

/** The same from outside: no key is older at the end than a write to it that was acknowledged. Of each key the last write is told. */
export function checkFinalKeys(
  writes: readonly AcknowledgedWrite[],
  final: ReadonlyMap<string, FinalKey>,
  /** Whether someone else may have deleted the key since: by an unknown outcome, or a lease. */
  mayBeDeleted: (key: string, sinceRevision: number) => boolean,
): readonly MissingWrite[] {
  const violations: MissingWrite[] = [];
  const last = new Map<string, AcknowledgedWrite>();
  for (const write of writes) {
    const before = last.get(write.key);
    if (before === undefined || before.revision < write.revision) last.set(write.key, write);
  }
  for (const write of last.values()) {
    const found = final.get(write.key);
    let wrong: string | null = null;
    if (found === undefined) {
      if (write.type === 'put' && !mayBeDeleted(write.key, write.revision)) wrong = 'absent';
    } else if (found.modRevision < write.revision) {
      wrong = `of revision ${found.modRevision}`;
    } else if (found.modRevision === write.revision && found.value !== write.value) {
      wrong = `the value ${found.value}`;
    }
    if (wrong !== null) {
      violations.push({
        write,
        check: 'acknowledged-found',
        detail: `${write.type} ${write.key}=${write.value} was acknowledged at revision ${write.revision}, the key is ${wrong}`,
      });
    }
  }
  return violations;
}
