import type { Growth } from '../../foundation/growth.ts';
import type { ScenarioResult } from '../run/result.ts';
import { type Html, html } from './html.ts';
import { lineChart } from './line-chart.ts';
import { linear, type Span, short, ticks } from './scales.ts';
import { memberLook } from './timeline.ts';

const megabyte = 1024 * 1024;

/** Resident memory of each process, and whether memory and descriptors grow. Null where nothing was sampled. */
export function memoryChart(
  result: Pick<ScenarioResult, 'processes' | 'members' | 'memory'>,
  span: Span,
): Html | null {
  const all = Object.entries(result.processes).filter(([, samples]) => samples.length > 1);
  if (all.length === 0) return null;
  const most =
    Math.max(...all.flatMap(([, samples]) => samples.map(({ residentBytes }) => residentBytes))) / megabyte;
  const chart = lineChart({
    label: 'Resident memory of each process',
    span,
    height: 90,
    y: linear(0, most * 1.1, 100, 0),
    ticks: ticks(0, most, 3).map((value) => ({ value, text: `${short(value)} MiB` })),
    series: all.map(([id, samples]) => ({
      look: memberLook(result.members, id).replace('m', 's'),
      points: samples.map(({ atMs, residentBytes }) => ({ atMs, value: residentBytes / megabyte })),
    })),
  });
  return html`<h3>Memory</h3><div class="legend">${all.map(
    ([id]) =>
      html`<span><svg width="10" height="10" class="key"><rect width="10" height="10" rx="3" class="${memberLook(result.members, id)}"/></svg>${id}</span>`,
  )}</div>${chart}${growthTable(result)}`;
}

function growthTable({ memory }: Pick<ScenarioResult, 'memory'>): Html | null {
  const rows = memory.filter(({ resident, descriptors }) => resident !== null || descriptors !== null);
  if (rows.length === 0) return null;
  const cell = (growth: Growth | null, scale: number, unit: string): Html =>
    growth === null
      ? html`<td class="n">–</td><td></td>`
      : html`<td class="n">${short(growth.first / scale)} → ${short(growth.last / scale)}${unit}</td><td><span class="badge ${growth.flat ? 'yes' : 'unknown'}">${growth.flat ? 'flat' : 'grows'}</span> <span class="soft">${short(growth.perHour / scale)} ± ${short(growth.noisePerHour / scale)}${unit} an hour</span></td>`;
  return html`<details><summary>growth, by least squares</summary><div class="scroll"><table><thead><tr><th>member</th><th class="n">resident</th><th></th><th class="n">descriptors</th><th></th></tr></thead><tbody>${rows.map(
    ({ member, resident, descriptors }) =>
      html`<tr><td>${member}</td>${cell(resident, megabyte, ' MiB')}${cell(descriptors, 1, '')}</tr>`,
  )}</tbody></table></div></details>`;
}
