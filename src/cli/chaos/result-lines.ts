import { countOf } from '../../chaos/report/headline.ts';
import { ownOutages } from '../../chaos/run/outages.ts';
import type { ScenarioResult } from '../../chaos/run/result.ts';
import { median } from '../../foundation/statistics.ts';
import { figure } from '../terminal/figure.ts';
import type { Output } from '../terminal/output.ts';

/** What people are told of one run as it ends. */
export function sayResult(out: Output, result: ScenarioResult): void {
  const { style } = out;
  const name = `${result.scenario}${result.target === 'etcd' ? ' (etcd)' : ''}, seed ${result.seed}`;
  if (result.skipped !== undefined) {
    out.say(`${style.yellow('–')} ${name}: ${style.yellow('skipped')}, ${result.skipped}`);
    return;
  }
  const times = ownOutages(result.outages).map(({ outageMs }) => outageMs);
  const parts = [
    countOf(result.faults, 'fault'),
    `${figure(result.acknowledged)} acknowledged`,
    `${result.lost} lost`,
    `linearizable ${result.linearizable}`,
    `watch ${result.watch}`,
    ...(times.length === 0
      ? []
      : [`outage median ${figure(median(times))} ms, worst ${figure(Math.max(...times))} ms`]),
    `${countOf(result.elections, 'election')}${result.falseElections.length === 0 ? '' : `, ${result.falseElections.length} without a cause`}`,
  ];
  out.say(`${result.ok ? style.green('✔') : style.red('✖')} ${name}: ${parts.join(', ')}`);
  for (const failure of result.failures) out.say(`  ${style.red(failure)}`);
  for (const { check, answer, detail } of result.verdicts) {
    if (answer === 'no') out.say(`  ${style.red(`${check} broken`)}: ${detail}`);
    if (answer === 'unknown') out.say(`  ${style.yellow(`${check} undecided`)}: ${detail}`);
  }
  for (const { event, held, medianMs, worstMs, budgetMedianMs, budgetWorstMs } of result.budgets)
    if (!held && result.target === 'tanist')
      out.say(
        `  ${style.yellow(`${event} beyond its budget`)}: median ${figure(medianMs)} of ${budgetMedianMs} ms, worst ${figure(worstMs)} of ${budgetWorstMs} ms`,
      );
  if (!result.ok) out.say(`  again: ${result.replay}`);
}
