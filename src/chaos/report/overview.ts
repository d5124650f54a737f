import { grouped } from '../../foundation/grouped.ts';
import { median } from '../../foundation/statistics.ts';
import { ownOutages } from '../run/outages.ts';
import type { ScenarioResult } from '../run/result.ts';
import { type Html, html } from './html.ts';
import { msText } from './scales.ts';
import { stateBadge } from './scenario-section.ts';

/** All runs, a row each. */
export function runTable(
  results: readonly ScenarioResult[],
  anchorOf: (result: ScenarioResult) => string,
): Html {
  return html`<div class="card scroll"><h2>Runs</h2><table><thead><tr><th>scenario</th><th>store</th><th class="n">seed</th><th>promises</th><th class="n">faults</th><th class="n">acknowledged</th><th class="n">lost</th><th>linearizable</th><th>watches</th><th class="n">outage median</th><th class="n">worst</th><th class="n">elections</th><th class="n">without cause</th></tr></thead><tbody>${results.map(
    (result) =>
      result.skipped === undefined
        ? html`<tr><td><a href="#${anchorOf(result)}">${result.scenario}</a></td><td>${result.target}</td><td class="n">${result.seed}</td><td>${stateBadge(result)}</td><td class="n">${result.faults}</td><td class="n">${grouped(result.acknowledged)}</td><td class="n">${grouped(result.lost)}</td><td>${answer(result.linearizable)}</td><td>${answer(result.watch)}</td>${outageCells(result)}<td class="n">${result.elections}</td><td class="n">${result.falseElections.length}</td></tr>`
        : html`<tr><td>${result.scenario}</td><td>${result.target}</td><td class="n">${result.seed}</td><td>${stateBadge(result)}</td><td colspan="9" class="soft">${result.skipped}</td></tr>`,
  )}</tbody></table></div>`;
}

function answer(given: ScenarioResult['linearizable']): Html {
  return html`<span class="badge ${given}">${given}</span>`;
}

function outageTimes({ outages }: ScenarioResult): readonly number[] {
  return ownOutages(outages).map(({ outageMs }) => outageMs);
}

function outageCells(result: ScenarioResult): Html {
  const times = outageTimes(result);
  if (times.length === 0) return html`<td class="n">–</td><td class="n">–</td>`;
  return html`<td class="n">${msText(median(times))}</td><td class="n">${msText(Math.max(...times))}</td>`;
}

/** The same scenarios on two stores, a row each; null where there is only one. */
export function comparisonTable(results: readonly ScenarioResult[]): Html | null {
  const ran = results.filter(({ skipped }) => skipped === undefined);
  const names = [...new Set(ran.map(({ scenario }) => scenario))].filter((name) =>
    (['tanist', 'etcd'] as const).every((target) =>
      ran.some((result) => result.scenario === name && result.target === target),
    ),
  );
  if (names.length === 0) return null;
  const cells = (name: string, target: 'tanist' | 'etcd'): Html => {
    const own = ran.filter((result) => result.scenario === name && result.target === target);
    const times = own.flatMap(outageTimes);
    const sum = (of: (result: ScenarioResult) => number): string =>
      grouped(own.reduce((all, result) => all + of(result), 0));
    const kept = own.every(({ ok }) => ok);
    return html`<td><span class="badge ${kept ? 'yes' : 'no'}">${kept ? 'kept' : 'broken'}</span></td><td class="n">${sum(({ acknowledged }) => acknowledged)}</td><td class="n">${sum(({ lost }) => lost)}</td><td class="n">${times.length === 0 ? '–' : msText(median(times))}</td><td class="n">${times.length === 0 ? '–' : msText(Math.max(...times))}</td>`;
  };
  const heads = html`<th>promises</th><th class="n">acknowledged</th><th class="n">lost</th><th class="n">outage median</th><th class="n">worst</th>`;
  return html`<div class="card scroll"><h2>Side by side</h2><table><thead><tr><th></th><th colspan="5">Tanist</th><th colspan="5">etcd</th></tr><tr><th>scenario</th>${heads}${heads}</tr></thead><tbody>${names.map(
    (name) => html`<tr><td>${name}</td>${cells(name, 'tanist')}${cells(name, 'etcd')}</tr>`,
  )}</tbody></table></div>`;
}
