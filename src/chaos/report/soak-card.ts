import { grouped } from '../../foundation/grouped.ts';
import type { ChaosDocument } from '../run/result.ts';
import { falseElectionsAllowedPerHour } from '../soak/soak-verdicts.ts';
import { type Html, html } from './html.ts';
import { memoryChart } from './memory-chart.ts';
import { short } from './scales.ts';

/** What only shows over all segments of a soak; null of other documents. */
export function soakCard({ soak, scenarios }: ChaosDocument): Html | null {
  if (soak === undefined) return null;
  const members = scenarios.find((result) => result.members.length > 0)?.members ?? [];
  const { hours, hoursDone, elections, falseElectionsPerHour, memory, processes, verdicts = [] } = soak;
  const few = falseElectionsPerHour <= falseElectionsAllowedPerHour;
  return html`<div class="card"><h2>Over the whole soak</h2><div class="badges">${verdicts.map(({ check, answer, detail }) => html`<span class="badge ${answer}" title="${detail}">${check}: ${detail}</span>`)}</div><p class="soft">${short(hoursDone)} of ${short(hours)} hours, ${grouped(elections)} elections, ${short(falseElectionsPerHour)} an hour without a cause <span class="badge ${few ? 'yes' : 'unknown'}">at most ${falseElectionsAllowedPerHour} allowed</span></p>${memoryChart({ processes, members, memory }, { fromMs: 0, toMs: hoursDone * 3_600_000 })}</div>`;
}
