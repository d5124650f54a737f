import { mostSections } from '../report/page.ts';
import type { ScenarioResult } from '../run/result.ts';

/** Broken ones keep what happened in them for longer. */
const mostWhole = { kept: mostSections, broken: 4 * mostSections } as const;

/** Segments beyond those that the page draws keep their figures, verdicts and processes, and not the points of their pictures: a soak of days fits into memory and a file. */
export function withSegment(
  segments: readonly ScenarioResult[],
  next: ScenarioResult,
): readonly ScenarioResult[] {
  const whole = segments.filter(({ moments }) => moments.length > 0).length;
  const isWhole = whole < (next.ok ? mostWhole.kept : mostWhole.broken);
  return [...segments, isWhole ? next : { ...next, moments: [], samples: [], stalls: [] }];
}
