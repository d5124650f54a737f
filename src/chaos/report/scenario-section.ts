import { grouped } from '../../foundation/grouped.ts';
import type { ScenarioResult } from '../run/result.ts';
import { badgesOf, checkList } from './checks.ts';
import { countOf, electionsText } from './headline.ts';
import { type Html, html, jsonData } from './html.ts';
import { memoryChart } from './memory-chart.ts';
import { missList, outageChart } from './outage-chart.ts';
import { msText, type Span, secondsText, short } from './scales.ts';
import { familyOf, timelineChart } from './timeline.ts';
import { ratesOf, trafficCharts } from './traffic-charts.ts';

/** One run under one seed: what was done to the cluster, what it did, what the checks say. */
export function scenarioSection(result: ScenarioResult, anchor: string): Html {
  const span: Span = { fromMs: 0, toMs: Math.max(1000, result.endedMs) };
  return html`<section class="card run" id="${anchor}"><div class="head"><h2>${result.scenario}</h2>${stateBadge(result)}<span class="soft small">${result.target}, seed ${result.seed}, ${result.members.length} members, network by ${result.network ?? '–'}${result.networkWhy === '' ? '' : ` (${result.networkWhy})`}</span></div><p class="soft small">${[
    countOf(result.faults, 'fault'),
    `${grouped(result.operations)} operations: ${grouped(result.acknowledged)} acknowledged, ${grouped(result.failed)} failed, ${grouped(result.indeterminate)} of unknown outcome`,
    `${grouped(result.lost)} lost`,
    ...(result.earlyLost > 0 ? [`${grouped(result.earlyLost)} early acknowledgements lost and told so`] : []),
    electionsText(result),
    `faults for ${secondsText(result.faultsToMs - result.faultsFromMs)}`,
    `load of the machine ${short(result.load.median)} (most ${short(result.load.most)}), the harness stood still for ${msText(result.load.longestStallMs)} at most`,
  ].join(
    ' · ',
  )}</p>${badgesOf(result)}${result.endedMs > 0 && result.moments.length > 0 ? pictures(result, span) : null}<h3>Checks</h3>${checkList(result)}${notesOf(result)}<h3>Again</h3><code class="replay">${result.replay}</code>${dataOf(result, span)}</section>`;
}

export function stateBadge(result: ScenarioResult): Html {
  if (result.skipped !== undefined) return html`<span class="badge skip">skipped</span>`;
  if (!result.ok) return html`<span class="badge no">broken</span>`;
  const unsure = result.verdicts.some(({ answer }) => answer === 'unknown');
  return unsure
    ? html`<span class="badge unknown">undecided</span>`
    : html`<span class="badge yes">kept</span>`;
}

function pictures(result: ScenarioResult, span: Span): Html {
  const outages = outageChart([result]);
  return html`<h3>What happened</h3>${faultLegend(result)}${timelineChart(result, span)}${trafficCharts(result, span)}${outages === null ? null : html`<h3>Outages</h3>${outages}${missList(result)}`}${memoryChart(result, span)}`;
}

function faultLegend({ moments }: ScenarioResult): Html {
  const names = new Set(moments.flatMap((moment) => (moment.kind === 'fault' ? [moment.name] : [])));
  return html`<div class="legend">${[...names].map((name) => html`<span><i class="c-${familyOf(name)}"></i>${name}</span>`)}<span class="soft">drag over a chart to look closer, double click for all of it</span></div>`;
}

const mostNotes = 200;

function notesOf({ moments }: ScenarioResult): Html | null {
  const notes = moments.flatMap((moment) => (moment.kind === 'note' ? [moment] : []));
  if (notes.length === 0) return null;
  return html`<details><summary>${countOf(notes.length, 'note')}</summary><ol>${notes
    .slice(0, mostNotes)
    .map(
      ({ atMs, member, text }) =>
        html`<li><span class="soft">${secondsText(atMs)}</span> ${member ?? ''} ${text}</li>`,
    )}</ol></details>`;
}

/** For the words under the mouse: time, acknowledged and failed a second, p50, p99. */
function dataOf({ samples }: ScenarioResult, span: Span): Html {
  const rates = ratesOf(samples);
  const rows = rates.map(({ atMs, perSecond, failedPerSecond }, i) => {
    const sample = samples[i + 1];
    return [Math.round(atMs), perSecond, failedPerSecond, two(sample?.p50Ms), two(sample?.p99Ms)];
  });
  return html`<script type="application/json">${jsonData({ ...span, samples: rows })}</script>`;
}

function two(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(value * 100) / 100;
}
