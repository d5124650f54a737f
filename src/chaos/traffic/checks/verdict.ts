import type { Violations } from '../../../verification/violation.ts';
import type { Verdict } from '../../traffic.ts';

/** So many are shown; how many there are stands in the detail. */
const shown = 20;

/** What one check says. `looked`: what it looked at, in counts; with less than `enough` it proves nothing. */
export function verdict(
  check: string,
  looked: string,
  violations: Violations,
  { lacks = null, enough = true }: { readonly lacks?: string | null; readonly enough?: boolean } = {},
): Verdict {
  if (violations.length > 0)
    return {
      check,
      answer: 'no',
      detail: `${violations.length} violations in ${looked}; first: ${violations[0]?.detail ?? ''}`,
      violations: violations.slice(0, shown),
    };
  if (!enough)
    return {
      check,
      answer: 'unknown',
      detail: `too little to prove anything: ${looked}`,
      violations: [],
      scant: true,
    };
  if (lacks !== null) return { check, answer: 'unknown', detail: `${looked}; ${lacks}`, violations: [] };
  return { check, answer: 'yes', detail: looked, violations: [] };
}
