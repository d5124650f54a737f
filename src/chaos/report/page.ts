import { createHash } from 'node:crypto';
import { grouped } from '../../foundation/grouped.ts';
import { median } from '../../foundation/statistics.ts';
import { ownOutages } from '../run/outages.ts';
import type { ChaosDocument, ScenarioResult } from '../run/result.ts';
import { behaviour } from './behaviour.ts';
import { countOf, headlineOf } from './headline.ts';
import { type Html, html, Html as Markup } from './html.ts';
import { outageChart } from './outage-chart.ts';
import { comparisonTable, runTable } from './overview.ts';
import { msText } from './scales.ts';
import { scenarioSection } from './scenario-section.ts';
import { soakCard } from './soak-card.ts';
import { style } from './style.ts';

const noHost = { cores: 1, memoryBytes: 0, system: '', node: '' };
/** Sections of more runs make a page that no browser likes; the table has them all. Broken ones come first. */
export const mostSections = 60;

/**
 * The report of one or more documents as one file that needs nothing else: no font, script or picture from anywhere, and a policy that
 * forbids them. Whatever came from outside is text in it, never markup.
 */
export function reportPage(documents: readonly ChaosDocument[]): string {
  const scenarios = documents.flatMap((document) => document.scenarios);
  const anchors = new Map(scenarios.map((result, i) => [result, `run-${i + 1}`]));
  const anchorOf = (result: ScenarioResult): string => anchors.get(result) ?? '';
  const headline = headlineOf({
    scenarios,
    interrupted: documents.some(({ interrupted }) => interrupted),
    host: documents[0]?.host ?? noHost,
  });
  const ran = scenarios.filter(({ skipped }) => skipped === undefined);
  const sections = ran.toSorted((a, b) => Number(a.ok) - Number(b.ok)).slice(0, mostSections);
  // Of one run its own section has it.
  const outages = ran.length > 1 ? outageChart(ran) : null;
  const body = html`<main><header><p class="soft small">tanist chaos · ${documents.map(({ startedAt }) => startedAt.replace('T', ' ').slice(0, 16)).join(', ')} UTC</p></header><div class="verdict ${headline.answer}"><h1 class="${headline.answer}">${headline.title}</h1><p class="soft">${headline.detail}</p></div>${documents.map(bannerOf)}${tiles(ran)}${documents.map(soakCard)}${comparisonTable(scenarios)}${outages === null ? null : html`<div class="card"><h2>Outages, as a client sees them</h2><p class="soft small">from the last write acknowledged before to the first one acknowledged after</p>${outages}</div>`}${runTable(scenarios, anchorOf)}${sections.map((result) => scenarioSection(result, anchorOf(result)))}${ran.length > sections.length ? html`<p class="soft">The first ${sections.length} of ${ran.length} runs are drawn, broken ones first; all are in the JSON file.</p>` : null}${documents.map(hostOf)}</main><div id="tip" role="status"></div>`;
  const policy = `default-src 'none'; style-src '${hashOf(style)}'; script-src '${hashOf(behaviour)}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>tanist chaos: ${headline.title}</title><style>${new Markup(style)}</style></head><body>${body}<script>${new Markup(behaviour)}</script></body></html>
`.text;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function bannerOf({ mutant, build, config }: ChaosDocument): Html | null {
  if (mutant !== null)
    return html`<p class="banner">The nodes were built with a deliberate fault: <code>${mutant}</code>. Whatever is broken here shows that the checks find it.</p>`;
  const own = [
    ...(build === null ? [] : [html`Nodes of another build: <code>${build}</code> `]),
    ...(config === undefined ? [] : [html`With the sections of <code>${config}</code>`]),
  ];
  return own.length === 0 ? null : html`<p class="banner">${own}</p>`;
}

function tiles(ran: readonly ScenarioResult[]): Html {
  const sum = (of: (result: ScenarioResult) => number): number =>
    ran.reduce((all, result) => all + of(result), 0);
  const ofEvent = (event: string): readonly number[] =>
    ran
      .filter(({ target }) => target === 'tanist')
      .flatMap(({ outages }) => ownOutages(outages))
      .flatMap((outage) => (outage.event === event ? [outage.outageMs] : []));
  const outageTile = (event: string, title: string): Html | null => {
    const times = ofEvent(event);
    return times.length === 0
      ? null
      : html`<div class="tile"><b>${msText(median(times))}</b><span>median outage, ${title} (worst ${msText(Math.max(...times))})</span></div>`;
  };
  return html`<div class="tiles"><div class="tile"><b>${grouped(sum(({ acknowledged }) => acknowledged))}</b><span>operations acknowledged</span></div><div class="tile"><b>${grouped(sum(({ lost }) => lost))}</b><span>acknowledged writes lost</span></div><div class="tile"><b>${grouped(sum(({ faults }) => faults))}</b><span>faults in ${countOf(ran.length, 'run')}</span></div>${outageTile('kill', 'leader killed')}${outageTile('freeze', 'leader frozen')}${outageTile('hand-over', 'hand-over')}<div class="tile"><b>${grouped(sum(({ falseElections }) => falseElections.length))}</b><span>elections without a cause, of ${grouped(sum(({ elections }) => elections))}</span></div></div>`;
}

function hostOf({ host, command }: ChaosDocument): Html {
  return html`<p class="soft small">${host.cores} cores, ${Math.round(host.memoryBytes / 1024 ** 3)} GiB, ${host.system}, Node ${host.node} · <code>${command}</code></p>`;
}
