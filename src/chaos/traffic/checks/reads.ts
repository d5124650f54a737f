import type { Truth } from '../../../verification/truth.ts';
import type { Violation } from '../../../verification/violation.ts';
import type { Verdict } from '../../traffic.ts';
import type { Evidence } from '../part.ts';
import type { Read } from '../record/reads.ts';
import { verdict } from './verdict.ts';

const enoughReads = 20;

/** Every read shows the state as it was at the revision that it names: none more, none less, none older. */
export function checkReads(
  reads: readonly Read[],
  refusals: readonly Violation[],
  { truth, truthLacks, covers }: Evidence,
): Verdict {
  const checked = reads.filter(({ revision }) => covers(revision));
  const keysUnder = new Map<string, readonly string[]>();
  const keysOf = ({ key, prefix }: Read): readonly string[] => {
    if (!prefix) return [key];
    const known = keysUnder.get(key) ?? [...truth.keys()].filter((each) => each.startsWith(key));
    keysUnder.set(key, known);
    return known;
  };
  const violations = [...refusals, ...checked.flatMap((read) => wrongIn(read, keysOf(read), truth))];
  const counts = (['linearizable', 'serializable', 'past', 'predicted'] as const)
    .map((kind) => ({ kind, count: checked.filter((read) => read.kind === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${count} ${kind}`);
  return verdict(
    'reads',
    `${counts.join(', ') || 'no'} reads against the history at their revision`,
    violations,
    {
      lacks: truthLacks,
      enough: checked.length >= enoughReads,
    },
  );
}

function wrongIn(read: Read, keys: readonly string[], truth: Truth): readonly Violation[] {
  const seen = new Map(read.values.map((value) => [value.key, value]));
  const wrong: string[] = [];
  for (const key of keys) {
    const event = truth.keyAt(key, read.revision);
    const was = event?.type === 'put' ? event : undefined;
    const found = seen.get(key);
    seen.delete(key);
    if (found?.value === was?.value && found?.modRevision === was?.revision) continue;
    wrong.push(
      `${key} ${found === undefined ? 'absent' : `${found.value} @${found.modRevision}`}, was ${was === undefined ? 'absent' : `${was.value} @${was.revision}`}`,
    );
  }
  for (const { key, value, modRevision } of seen.values())
    wrong.push(`${key} ${value} @${modRevision}, never there`);
  if (wrong.length === 0) return [];
  const detail = `${read.kind} read of ${read.key}${read.prefix ? '*' : ''} at ${read.at}, revision ${read.revision}: ${wrong.slice(0, 3).join('; ')}`;
  return [{ check: 'read-state', detail }];
}
