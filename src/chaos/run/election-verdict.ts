import { rounded } from '../../foundation/statistics.ts';
import type { Verdict } from '../traffic.ts';
import type { Election } from './elections.ts';
import type { HarnessLoad } from './process-watch.ts';

/** The scenario that is there to show that nothing happens by itself. */
export const faultless = 'calm';

/** An election within so long after the harness itself stood still may have been the machine's. */
const stallExcusesMs = 3000;
/** What stands still for so long has missed heartbeats. */
const longStallMs = 200;

/** Where nothing was done nobody may be elected; elsewhere elections without a cause are told, and are errors where budgets are. */
export function electionVerdicts(
  {
    selection,
    assertBudgets,
  }: { readonly selection: { readonly name: string }; readonly assertBudgets: boolean },
  target: 'tanist' | 'etcd',
  elections: readonly Election[],
  stalls: HarnessLoad['stalls'],
): readonly Verdict[] {
  // What is promised is promised of Tanist.
  if (target !== 'tanist') return [];
  const isCalm = selection.name === faultless;
  const found = elections.filter(({ isFalse }) => isFalse || isCalm);
  if (!isCalm && !(assertBudgets && found.length > 0)) return [];
  const bare = found.filter(
    ({ atMs }) =>
      !stalls.some(
        ({ fromMs, toMs }) => toMs - fromMs >= longStallMs && fromMs <= atMs && atMs <= toMs + stallExcusesMs,
      ),
  );
  return [
    {
      check: 'elections',
      answer: bare.length > 0 ? 'no' : found.length > 0 ? 'unknown' : 'yes',
      detail:
        found.length === 0
          ? 'nobody was elected'
          : `${found.length} without a cause${bare.length < found.length ? `, ${found.length - bare.length} of them after the harness itself had stood still` : ''}`,
      violations: bare.map(({ atMs, member, term }) => ({
        check: 'false-election',
        detail: `${member} in term ${term}, ${rounded(atMs / 1000, 1)} s after the run began`,
      })),
    },
  ];
}
