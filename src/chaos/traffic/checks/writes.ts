import {
  type AcknowledgedWrite,
  checkAcknowledged,
  checkFinalKeys,
} from '../../../verification/guarantees/acknowledged.ts';
import type { Truth } from '../../../verification/truth.ts';
import type { Violation } from '../../../verification/violation.ts';
import type { Verdict } from '../../traffic.ts';
import type { Evidence } from '../part.ts';
import type { Write } from '../record/writes.ts';
import { verdict } from './verdict.ts';

/** Less proves nothing. */
const enoughWrites = 50;

export interface WritesChecked {
  readonly verdicts: readonly Verdict[];
  /** Acknowledged durably, and neither in the history nor in the keys, or newer than its key at the end: a history that lost its end does not reach so far. */
  readonly lost: number;
}

/** All writes of a window against its history and its last keys. `isLeased`: keys that go by themselves. */
export function checkWrites(
  writes: readonly Write[],
  evidence: Evidence,
  isLeased: (key: string) => boolean,
): WritesChecked {
  const { truth, final, truthLacks } = evidence;
  const acknowledged = acknowledgedOf(writes);
  const counted = `${acknowledged.length} acknowledged writes`;
  const enough = acknowledged.length >= enoughWrites;
  const vouched = acknowledged.filter(({ revision }) => evidence.covers(revision));
  const lost = new Set<AcknowledgedWrite>();
  const missing = checkAcknowledged(vouched, truth);
  const verdicts: Verdict[] = [
    verdict('acknowledged', `${counted}, looked up in the history by revision`, missing, {
      lacks: truthLacks,
      enough,
    }),
  ];
  if (final === null)
    verdicts.push(verdict('final-keys', counted, [], { lacks: 'the keys could not be read at the end' }));
  else {
    const violations = checkFinalKeys(acknowledged, final, mayBeDeleted(writes, truth, isLeased));
    for (const { write } of violations) lost.add(write);
    verdicts.push(
      verdict('final-keys', `${counted} against ${final.size} keys at the end`, violations, { enough }),
    );
  }
  verdicts.push(checkOrigins(writes, evidence, isLeased));
  for (const { write } of missing) {
    const kept = final?.get(write.key);
    if (kept?.modRevision !== write.revision || kept.value !== write.value) lost.add(write);
  }
  return { verdicts, lost: lost.size };
}

function acknowledgedOf(writes: readonly Write[]): readonly AcknowledgedWrite[] {
  return writes.flatMap(({ id, type, key, value, state }) =>
    state.kind === 'acknowledged' && state.revision !== null
      ? [{ operation: id, revision: state.revision, type, key, value }]
      : [],
  );
}

function mayBeDeleted(
  writes: readonly Write[],
  truth: Truth,
  isLeased: (key: string) => boolean,
): (key: string, since: number) => boolean {
  const openDeletes = new Set(
    writes.filter(({ type, state }) => type === 'delete' && state.kind === 'open').map(({ key }) => key),
  );
  return (key, since) => {
    if (isLeased(key) || openDeletes.has(key)) return true;
    const last = truth.keyAt(key, Number.POSITIVE_INFINITY);
    return last?.type === 'delete' && last.revision > since;
  };
}

/**
 * Nothing is in the history that no caller asked for (so no prediction is), nothing twice (promise 3: exactly once), and nothing whose caller was
 * told that it did not happen.
 */
function checkOrigins(
  writes: readonly Write[],
  { truth, truthLacks }: Evidence,
  isLeased: (key: string) => boolean,
): Verdict {
  const byValue = new Map<string, Write>();
  const deleters = new Map<string, Write[]>();
  for (const write of writes)
    if (write.type === 'put') byValue.set(write.value, write);
    else deleters.set(write.key, [...(deleters.get(write.key) ?? []), write]);
  const violations: Violation[] = [];
  const seen = new Map<string, number>();
  let events = 0;
  for (const all of truth.between(0, Number.POSITIVE_INFINITY)) {
    for (const { type, key, value, revision } of all) {
      events++;
      if (type === 'delete') {
        const possible = (deleters.get(key) ?? []).some(
          ({ state }) =>
            state.kind === 'open' ||
            (state.kind === 'acknowledged' && (state.revision ?? revision) === revision),
        );
        if (!possible && !isLeased(key))
          violations.push({ check: 'origin', detail: `nobody deleted ${key}, gone at revision ${revision}` });
        continue;
      }
      const write = byValue.get(value);
      const before = seen.get(value);
      seen.set(value, revision);
      if (write === undefined || write.key !== key)
        violations.push({ check: 'origin', detail: `nobody put ${key}=${value}, at revision ${revision}` });
      else if (before !== undefined)
        violations.push({
          check: 'exactly-once',
          detail: `${key}=${value} was put once, and applied at revisions ${before} and ${revision}`,
        });
      else if (
        write.state.kind === 'absent' ||
        (write.state.kind === 'reported-lost' && !write.state.mayBeThere)
      )
        violations.push({
          check: 'told-absent',
          detail: `${key}=${value} is at revision ${revision}, its caller was told that it is not`,
        });
    }
  }
  return verdict(
    'origin',
    `${events} events of ${writes.length} writes: none unasked, twice, or after a certain failure`,
    violations,
    {
      lacks: truthLacks,
      enough: events >= enoughWrites,
    },
  );
}
