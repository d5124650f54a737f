import type { TrafficReport, Verdict } from '../traffic.ts';
import type { WindowReport } from './window.ts';

/** Of several windows: each check's worst answer. */
export function mergeReports(
  reports: readonly WindowReport[],
): Pick<TrafficReport, 'lost' | 'earlyLost' | 'verdicts'> {
  const byCheck = new Map<string, Verdict[]>();
  for (const { verdicts } of reports)
    for (const verdict of verdicts)
      byCheck.set(verdict.check, [...(byCheck.get(verdict.check) ?? []), verdict]);
  return {
    lost: reports.reduce((sum, { lost }) => sum + lost, 0),
    earlyLost: reports.reduce((sum, { earlyLost }) => sum + earlyLost, 0),
    verdicts: [...byCheck.values()].map(worstOf),
  };
}

function worstOf(verdicts: readonly Verdict[]): Verdict {
  const byAnswer = (answer: Verdict['answer']): readonly Verdict[] =>
    verdicts.filter((verdict) => verdict.answer === answer);
  const [no] = byAnswer('no');
  // A window that was too short to prove anything does not spoil what the others have proven.
  const unknown = byAnswer('unknown').filter(({ scant }) => scant !== true);
  const yes = byAnswer('yes');
  const chosen = no ?? unknown[0] ?? yes.at(-1) ?? verdicts[0];
  if (chosen === undefined) throw new RangeError('a check without a verdict');
  if (verdicts.length === 1) return chosen;
  const counts = `${yes.length} of ${verdicts.length} windows hold`;
  return {
    ...chosen,
    detail: `${counts}; ${chosen.detail}`,
    violations: verdicts.flatMap(({ violations }) => violations),
  };
}
