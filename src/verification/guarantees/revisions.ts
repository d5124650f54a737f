import type { Violation, Violations } from '../violation.ts';

/** An operation that learnt a revision of one space. Positions in the history as in `Operation`. */
export interface RevisionObservation {
  readonly operation: number;
  readonly kind: 'write' | 'read';
  /** A write's own revision; of a read the space's revision that it was served at. */
  readonly revision: number;
  readonly called: number;
  readonly returned: number;
}

/**
 * Revisions are a linearization that the store itself hands out, so the whole space is checked in n log n: no two writes share one,
 * a write's is above every one that was known before it began, and a linearizable read's is not below.
 */
export function checkRevisionOrder(observations: readonly RevisionObservation[]): Violations {
  const violations: Violation[] = [];
  const writers = new Map<number, number>();
  const byCall = [...observations].sort((a, b) => a.called - b.called);
  const byReturn = [...observations].sort((a, b) => a.returned - b.returned);
  let known = 0;
  let knownBy = -1;
  let next = 0;
  for (const each of byCall) {
    for (
      let done = byReturn[next];
      done !== undefined && done.returned < each.called;
      done = byReturn[++next]
    ) {
      if (done.revision > known) {
        known = done.revision;
        knownBy = done.operation;
      }
    }
    if (each.kind === 'write') {
      const other = writers.get(each.revision);
      if (other !== undefined) {
        violations.push({
          check: 'revision-unique',
          detail: `operations ${other} and ${each.operation} both wrote revision ${each.revision}`,
        });
      }
      writers.set(each.revision, each.operation);
    }
    const stale = each.kind === 'write' ? each.revision <= known : each.revision < known;
    if (stale) {
      violations.push({
        check: 'revision-order',
        detail: `${each.kind} ${each.operation} has revision ${each.revision} although operation ${knownBy} had returned ${known} before it began`,
      });
    }
  }
  return violations;
}
