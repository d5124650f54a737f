import type { Truth } from '../truth.ts';
import type { Violation, Violations } from '../violation.ts';

/** An answer that says the revision it is of: of a serializable or dated read, or of a replica that holds less. */
export interface DatedRead {
  readonly operation: number;
  /** The revision of the whole answer (its header's). */
  readonly revision: number;
  /** Which keys were asked for. */
  readonly matches: (key: string) => boolean;
  readonly found: readonly {
    readonly key: string;
    readonly value: string;
    /** Null: not said. */
    readonly modRevision: number | null;
  }[];
}

/** Promises 2 and 7: an answer may be old, and is never wrong: it is, whole, the state at the revision that it names. */
export function checkPastStates(reads: readonly DatedRead[], truth: Truth): Violations {
  const violations: Violation[] = [];
  const report = (read: DatedRead, detail: string): void => {
    violations.push({
      check: 'read-of-past-state',
      detail: `operation ${read.operation} at revision ${read.revision}: ${detail}`,
    });
  };
  const keys = [...truth.keys()];
  for (const read of reads) {
    if (read.revision > truth.lastRevision) {
      report(read, `the last revision is ${truth.lastRevision}`);
      continue;
    }
    const found = new Map(read.found.map((each) => [each.key, each]));
    if (found.size < read.found.length) report(read, 'it names a key twice');
    for (const { key, value, modRevision } of found.values()) {
      const was = truth.keyAt(key, read.revision);
      const shown = `${key}=${value}${modRevision === null ? '' : ` @${modRevision}`}`;
      if (!read.matches(key)) report(read, `${shown} was not asked for`);
      else if (was?.type !== 'put') report(read, `${shown} was absent`);
      else if (was.value !== value || (modRevision !== null && was.revision !== modRevision))
        report(read, `${shown} was ${was.value} @${was.revision}`);
    }
    for (const key of keys) {
      if (found.has(key) || !read.matches(key)) continue;
      const was = truth.keyAt(key, read.revision);
      if (was?.type === 'put') report(read, `${key} was ${was.value} @${was.revision}, and is missing`);
    }
  }
  return violations;
}
