import { rounded } from '../../foundation/statistics.ts';
import { type Budget, budgets } from '../moment.ts';
import type { NodeEventAt } from './node-events.ts';
import type { MeasuredOutage } from './outages.ts';
import type { HarnessLoad } from './process-watch.ts';

/** Moments of a failover, in order; the first of each after the fault counts. */
const phases: readonly (readonly [name: string, events: readonly string[]])[] = [
  ['noticed', ['suspected', 'leader-lost']],
  ['candidate', ['vote-requested']],
  ['elected', ['elected']],
  ['open', ['opened']],
];

/** Events of a log stand a little before what the harness saw cause them: clocks are read in two processes. */
const slackMs = 2;

/** Outages beyond their budget with what took the time: the phases as nodes logged them, stalls of the harness, the machine's load. */
export function explained(
  outages: readonly MeasuredOutage[],
  events: readonly NodeEventAt[],
  load: HarnessLoad,
  table: Readonly<Record<Budget, { readonly worstMs: number }>> = budgets,
): readonly MeasuredOutage[] {
  return outages.map((outage) => {
    if (outage.overlapped === true) return outage;
    if (outage.outageMs !== null && outage.outageMs <= table[outage.event].worstMs) return outage;
    return { ...outage, explanation: explanationOf(outage, events, load) };
  });
}

function explanationOf(
  { atMs, outageMs, firstAfterMs }: MeasuredOutage,
  events: readonly NodeEventAt[],
  load: HarnessLoad,
): string {
  const untilMs = firstAfterMs ?? Number.POSITIVE_INFINITY;
  const during = events.filter((event) => event.atMs >= atMs - slackMs && event.atMs <= untilMs);
  const said = phases.flatMap(([phase, names]) => {
    const first = during.find(({ event }) => names.includes(event));
    return first === undefined
      ? []
      : [`${phase} after ${rounded(first.atMs - atMs, 1)} ms (${first.member})`];
  });
  if (said.length === 0) said.push('no node logged a failover');
  said.push(
    outageMs === null || firstAfterMs === null
      ? 'no acknowledgement until the end'
      : `first acknowledgement after ${rounded(firstAfterMs - atMs, 1)} ms`,
  );
  const stalls = load.stalls.filter((stall) => stall.toMs >= atMs && stall.fromMs <= untilMs);
  if (stalls.length > 0) {
    const longest = Math.max(...stalls.map(({ fromMs, toMs }) => toMs - fromMs));
    said.push(`the harness itself stood still for ${rounded(longest, 0)} ms`);
  }
  const nodeStalls = during.filter(({ event }) => event === 'loop-stalled');
  if (nodeStalls.length > 0)
    said.push(`${[...new Set(nodeStalls.map(({ member }) => member))].join(', ')} stalled`);
  const near = load.loads.findLast((sample) => sample.atMs <= atMs);
  if (near !== undefined) said.push(`load ${rounded(near.load, 1)} on ${load.cores} cores`);
  return said.join(', ');
}
