import { checkPastStates, type DatedRead } from '../../../verification/guarantees/past-states.ts';
import { Truth } from '../../../verification/truth.ts';
import type { Violation, Violations } from '../../../verification/violation.ts';
import type { Verdict } from '../../traffic.ts';
import type { Evidence } from '../part.ts';
import type { Read } from '../record/reads.ts';
import { verdict } from './verdict.ts';

const enoughReads = 20;
const kinds = ['linearizable', 'serializable', 'past', 'predicted'] as const;

/** Every read shows the state as it was at the revision that it names. `refusals`: reads that should have been answered. */
export function checkReads(
  reads: readonly Read[],
  refusals: readonly Violation[],
  { truth, truthLacks, covers }: Pick<Evidence, 'truth' | 'truthLacks' | 'covers'>,
): Verdict {
  const checked = reads.filter(({ revision }) => covers(revision));
  const counts = kinds
    .map((kind) => ({ kind, count: checked.filter((read) => read.kind === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${count} ${kind}`);
  return verdict(
    'reads',
    `${counts.join(', ') || 'no'} reads against the history at their revision`,
    [...refusals, ...wrongIn(checked, truth)],
    { lacks: truthLacks, enough: checked.length >= enoughReads },
  );
}

/** By what was asked for: looking through all keys for each read would take long. */
function wrongIn(reads: readonly Read[], truth: Truth): Violations {
  const groups = new Map<string, Read[]>();
  for (const read of reads) {
    const name = `${read.kind} read of ${read.key}${read.prefix ? '*' : ''} at ${read.at}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [read]);
    else group.push(read);
  }
  const parts = new Map<string, Truth>();
  return [...groups].flatMap(([name, group]) => {
    const [first] = group;
    if (first === undefined) return [];
    const matches = (key: string): boolean => (first.prefix ? key.startsWith(first.key) : key === first.key);
    const range = `${first.key}${first.prefix}`;
    const part = parts.get(range) ?? partOf(truth, matches);
    parts.set(range, part);
    return checkPastStates(
      group.map((read, i) => dated(read, i, matches)),
      part,
    ).map(({ check, detail }) => ({ check, detail: `${name}: ${detail}` }));
  });
}

function dated({ revision, values }: Read, operation: number, matches: DatedRead['matches']): DatedRead {
  return { operation, revision, matches, found: values };
}

/** The history of some keys alone, as long as the whole. */
function partOf(truth: Truth, matches: (key: string) => boolean): Truth {
  const part = new Truth();
  for (const events of truth.between(0, Number.POSITIVE_INFINITY)) {
    const revision = events[0]?.revision;
    const some = events.filter(({ key }) => matches(key));
    if (revision !== undefined && (some.length > 0 || revision === truth.lastRevision))
      part.add(revision, some);
  }
  return part;
}
