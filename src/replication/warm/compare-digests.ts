import { mutant } from '../../foundation/mutants.ts';
import type { Mark } from '../../ports/replication.ts';
import { rangeText } from '../range-index.ts';
import type { HeldRange } from './held-range.ts';

export interface WrongRange {
  readonly held: HeldRange;
  readonly reason: string;
}

/** Ranges against the digests that come with the mark: how many were compared, and which are not the source's. */
export function compareDigests(
  ranges: readonly HeldRange[],
  mark: Mark,
): { readonly checks: number; readonly wrong: readonly WrongRange[] } {
  const wrong: WrongRange[] = [];
  let checks = 0;
  if (mark.digests.length === 0) return { checks, wrong };
  const byText = new Map(ranges.map((held) => [rangeText(held.range), held]));
  for (const expected of mark.digests) {
    const held = byText.get(rangeText(expected.range));
    if (held === undefined) continue;
    checks += 1;
    const { keys, digest } = held.digest;
    if (keys === expected.keys && digest === expected.digest) continue;
    if (mutant.active === 'warm-digest-ignored') continue;
    const at = mark.revisions[held.range.space];
    const reason = `at revision ${at} it has ${keys} keys with digest ${digest}, the source ${expected.keys} with ${expected.digest}`;
    wrong.push({ held, reason });
  }
  return { checks, wrong };
}
