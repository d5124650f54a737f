import { ratesOf } from '../series/counter.ts';
import { profileOf } from '../series/profile.ts';
import type { Comparison } from './compare.ts';
import type { JudgedSeries } from './lesson-book.ts';
import type { StoredSeries } from './stored-series.ts';

/** A version in use must not be worse than the one before it by more than this. */
const tolerated = 0.02;
/** Nor worse than the last value by more than this, while the one before it is better. */
const beyondNaive = 0.05;

/**
 * The series with what they did since a moment held out: what versions are compared on that none of them has seen. The error of a forecast follows from
 * the values before it alone, so what another version would have predicted is found afterwards, exactly.
 */
export function sinceThen(
  stored: Iterable<readonly [string, StoredSeries]>,
  sinceMs: number,
  most: number,
): readonly JudgedSeries[] {
  const judged: JudgedSeries[] = [];
  for (const [name, { recent, stepMs }] of stored) {
    if (judged.length === most) break;
    const heldOut = Math.min(recent.values.length - 2, Math.floor((recent.endMs - sinceMs) / stepMs));
    if (heldOut < 1) continue;
    const past = {
      values: recent.values.subarray(0, recent.values.length - heldOut),
      stepMs,
      endMs: recent.endMs,
    };
    const { kind, seasons } = profileOf(past);
    if (kind === 'constant') continue;
    const values = kind === 'counter' ? ratesOf({ ...past, values: recent.values }).values : recent.values;
    judged.push({ name, values, seasons, heldOut });
  }
  return judged;
}

export type Verdict =
  | { readonly kind: 'undecided' }
  | { readonly kind: 'kept' }
  | { readonly kind: 'worse'; readonly reason: string };

/** `before`: the version before, `after`: the one in use. */
export function verdictOn({ origins, before, after, ratio }: Comparison, leastOrigins: number): Verdict {
  if (origins < leastOrigins || !Number.isFinite(ratio)) return { kind: 'undecided' };
  if (ratio > 1 + tolerated)
    return {
      kind: 'worse',
      reason: `in use its error was ${ratio.toFixed(3)} of what the version before would have had, at ${origins} moments`,
    };
  if (after > 1 + beyondNaive && ratio > 1)
    return {
      kind: 'worse',
      reason: `in use its error was ${after.toFixed(3)} of last value's (the version before: ${before.toFixed(3)}), at ${origins} moments`,
    };
  return { kind: 'kept' };
}
