import { grouped } from '../../foundation/grouped.ts';
import { median } from '../../foundation/statistics.ts';
import { ownOutages } from '../run/outages.ts';
import type { ChaosDocument, ScenarioResult } from '../run/result.ts';
import { msText } from './scales.ts';

export interface Headline {
  readonly answer: 'yes' | 'no' | 'unknown';
  /** One line: whether the cluster kept its promises. */
  readonly title: string;
  readonly detail: string;
}

/** Runnable processes for each core, beyond which those of the cluster wait for each other and for others. */
const busyLoad = 2;

/** For the top of the report, and the last line on a terminal. */
export function headlineOf(
  document: Pick<ChaosDocument, 'scenarios' | 'interrupted' | 'host' | 'soak'>,
): Headline {
  const ran = document.scenarios.filter(({ skipped }) => skipped === undefined);
  const skipped = document.scenarios.length - ran.length;
  const broken = ran.filter(({ ok }) => !ok);
  const rest = [
    ...(skipped === 0 ? [] : [`${skipped} skipped, which counts as nothing shown`]),
    ...(document.interrupted ? ['stopped before all was run'] : []),
  ];
  if (broken.length > 0 && broken.every(couldNotBeMade))
    return {
      answer: 'unknown',
      title: `${countOf(broken.length, 'run')} of ${ran.length} could not be made: ${reasonsOf(broken)}`,
      detail: [totals(ran), ...rest].join(' · '),
    };
  const overAll = document.soak?.verdicts ?? [];
  const grown = overAll.filter(({ answer }) => answer === 'no');
  const who = new Set(ran.map(({ target }) => target)).size > 1 ? 'The clusters' : 'The cluster';
  if (broken.length > 0)
    return {
      answer: 'no',
      title: `${who} broke ${who === 'The cluster' ? 'its' : 'their'} promises in ${countOf(broken.length, 'run')} of ${ran.length}: ${reasonsOf(broken)}`,
      detail: [totals(ran), ...rest].join(' · '),
    };
  if (grown.length > 0)
    return {
      answer: 'no',
      title: `${who} broke its promises over the whole soak: ${grown.map(({ check, detail }) => `${check} (${detail})`).join(', ')}`,
      detail: [totals(ran), ...rest].join(' · '),
    };
  if (ran.length === 0) return { answer: 'unknown', title: 'Nothing was run', detail: rest.join(' · ') };
  const undecided = ran.filter(({ verdicts }) => verdicts.some(({ answer }) => answer === 'unknown')).length;
  const causeless = ran
    .filter(({ target }) => target === 'tanist')
    .reduce((sum, { falseElections }) => sum + falseElections.length, 0);
  const missed = ran.filter(({ budgets }) => budgets.some(({ held }) => !held)).length;
  const busy = ran.filter(({ load }) => load.median > busyLoad * document.host.cores).length;
  const notes = [
    ...(undecided === 0 ? [] : [`${countOf(undecided, 'run')} with a check that could not decide`]),
    ...(busy === 0
      ? []
      : [`${countOf(busy, 'run')} on a machine with more to do than it can: times there say little`]),
    ...(causeless === 0 ? [] : [`${countOf(causeless, 'election')} without a cause`]),
    ...overAll.flatMap(({ check, answer, detail }) => (answer === 'unknown' ? [`${check}: ${detail}`] : [])),
    ...(missed === 0 ? [] : [`${countOf(missed, 'run')} slower than the budget of an outage`]),
  ];
  return {
    answer: undecided > 0 ? 'unknown' : 'yes',
    title:
      undecided > 0
        ? `${who} broke no promise, but not all could be decided`
        : isPartial(ran)
          ? `${who} kept those promises that were looked at: ${checksOf(ran)}`
          : `${who} kept ${who === 'The cluster' ? 'its' : 'their'} promises`,
    detail: [totals(ran), ...notes, ...rest].join(' · '),
  };
}

/** Traffic was chosen, and no history was looked at, or no watch. */
function isPartial(ran: readonly ScenarioResult[]): boolean {
  return ran.some(({ verdicts }) =>
    ['linearizable', 'watch'].some((wanted) => verdicts.every(({ check }) => check !== wanted)),
  );
}

function checksOf(ran: readonly ScenarioResult[]): string {
  return [...new Set(ran.flatMap(({ verdicts }) => verdicts.map(({ check }) => check)))].join(', ');
}

/** It says nothing of the cluster. */
export function couldNotBeMade({ ok, faults, acknowledged, verdicts }: ScenarioResult): boolean {
  return !ok && faults === 0 && acknowledged === 0 && verdicts.length === 0;
}

function totals(ran: readonly ScenarioResult[]): string {
  const sum = (of: (result: ScenarioResult) => number): number =>
    ran.reduce((all, result) => all + of(result), 0);
  const kills = ran
    .filter(({ target }) => target === 'tanist')
    .flatMap(({ outages }) => ownOutages(outages))
    .flatMap(({ event, outageMs }) => (event === 'kill' ? [outageMs] : []));
  return [
    countOf(ran.length, 'run'),
    countOf(
      sum(({ faults }) => faults),
      'fault',
    ),
    `${grouped(sum(({ acknowledged }) => acknowledged))} acknowledged`,
    `${grouped(sum(({ lost }) => lost))} lost`,
    ...(kills.length === 0 ? [] : [`median outage of a killed leader ${msText(median(kills))}`]),
  ].join(', ');
}

/** What was broken, the commonest first. */
function reasonsOf(broken: readonly ScenarioResult[]): string {
  const counts = new Map<string, number>();
  const add = (reason: string): void => {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  };
  for (const { lost, verdicts, failures, budgets } of broken) {
    if (lost > 0) add('acknowledged writes lost');
    for (const { check, answer } of verdicts) if (answer === 'no') add(`${check} broken`);
    if (failures.length > 0) add((failures[0] ?? '').split('\n')[0] ?? '');
    const otherwise = lost === 0 && failures.length === 0 && verdicts.every(({ answer }) => answer !== 'no');
    if (otherwise && budgets.some(({ held }) => !held)) add('budgets missed');
  }
  const reasons = [...counts].toSorted((a, b) => b[1] - a[1]).map(([reason]) => reason);
  const shown = reasons
    .slice(0, 3)
    .map((reason) => (reason.length > 110 ? `${reason.slice(0, 108)}…` : reason));
  return shown.join(', ') + (reasons.length > 3 ? ` and ${reasons.length - 3} more` : '');
}

export function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
