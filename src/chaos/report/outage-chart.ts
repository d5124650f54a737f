import { median, quantile } from '../../foundation/statistics.ts';
import { type Budget, budgets } from '../moment.ts';
import type { BudgetTable, MeasuredOutage } from '../run/outages.ts';
import { ownOutages } from '../run/outages.ts';
import type { ScenarioResult } from '../run/result.ts';
import { type Html, html } from './html.ts';
import { decades, logarithmic, msText, place } from './scales.ts';

/** Outages as dots and as a distribution, against what is promised of them. */

const titles: Readonly<Record<Budget, string>> = {
  kill: 'leader killed',
  freeze: 'leader frozen or cut off',
  'hand-over': 'hand-over',
};

interface Row {
  readonly event: Budget;
  readonly target: ScenarioResult['target'];
  readonly outages: readonly (MeasuredOutage & { readonly outageMs: number })[];
}

const rowHeight = 74;
const left = 190;
const right = 986;

/** Null: no fault with a budget happened. */
export function outageChart(results: readonly ScenarioResult[], table: BudgetTable = budgets): Html | null {
  const rows = rowsOf(results);
  if (rows.length === 0) return null;
  const times = rows.flatMap(({ outages }) => outages.map(({ outageMs }) => outageMs));
  const low = 1;
  const high = Math.max(1000, ...times) * 1.3;
  const x = logarithmic(low, high, left, right);
  const height = rows.length * rowHeight;
  return html`<div class="legend"><span><i class="c-good"></i>within the worst that is allowed</span><span><i class="c-bad"></i>beyond it</span><span><i class="c-unsure"></i>budget: median, and worst</span><span>the line: share of all that were no longer</span></div><svg class="chart" viewBox="0 0 1000 ${height + 24}" role="img" aria-label="Outages against their budgets, logarithmic">${decades(
    low,
    high,
  ).map(
    (value) =>
      html`<line class="grid" x1="${x(value)}" x2="${x(value)}" y1="0" y2="${height}"/><text class="faint" x="${x(value)}" y="${height + 17}" text-anchor="middle">${msText(value)}</text>`,
  )}${rows.map((row, i) => drawnRow(row, i * rowHeight, x, table))}</svg>${outageTable(rows, table)}`;
}

function rowsOf(results: readonly ScenarioResult[]): readonly Row[] {
  const rows: Row[] = [];
  for (const event of ['kill', 'freeze', 'hand-over'] as const)
    for (const target of ['tanist', 'etcd'] as const) {
      const outages = results
        .filter((result) => result.target === target)
        .flatMap((result) => ownOutages(result.outages))
        .filter((outage) => outage.event === event);
      if (outages.length > 0) rows.push({ event, target, outages });
    }
  return rows;
}

function drawnRow(
  { event, target, outages }: Row,
  y: number,
  x: (ms: number) => number,
  table: BudgetTable,
): Html {
  const { medianMs, worstMs } = table[event];
  const sorted = outages.toSorted((a, b) => a.outageMs - b.outageMs);
  const base = y + rowHeight - 10;
  const reach = rowHeight - 26;
  const steps = sorted
    .map(({ outageMs }, i) => `H${x(outageMs)}V${place(base - ((i + 1) / sorted.length) * reach)}`)
    .join('');
  const stacked = new Map<number, number>();
  return html`<text class="label" x="${left - 14}" y="${y + 34}" text-anchor="end">${titles[event]}</text><text x="${left - 14}" y="${y + 50}" text-anchor="end">${target}, ${sorted.length} times</text><line class="axis" x1="${left}" x2="${right}" y1="${base}" y2="${base}"/>${(
    [
      ['median', medianMs],
      ['worst', worstMs],
    ] as const
  ).map(
    ([what, ms]) =>
      html`<line class="budget" x1="${x(ms)}" x2="${x(ms)}" y1="${y + 12}" y2="${base}"/><text x="${x(ms)}" y="${y + 9}" text-anchor="middle">${what} ${msText(ms)}</text>`,
  )}<path class="trace ${target}-line" d="M${left} ${base}${steps}H${right}"/>${sorted.map((outage) => {
    const at = Math.round(x(outage.outageMs) / 6);
    const level = stacked.get(at) ?? 0;
    stacked.set(at, level + 1);
    const over = outage.outageMs > worstMs;
    const tip = `${outage.fault} of ${outage.on.join(' ')} at ${msText(outage.atMs)}\noutage ${msText(outage.outageMs)}${outage.explanation === undefined ? '' : `\n${outage.explanation}`}`;
    return html`<circle class="dot ${over ? 'over' : 'within'}" cx="${x(outage.outageMs)}" cy="${place(base - 5 - Math.min(level * 6, reach - 6))}" r="3.6" data-tip="${tip}"><title>${tip}</title></circle>`;
  })}`;
}

function outageTable(rows: readonly Row[], table: BudgetTable): Html {
  return html`<div class="scroll"><table><thead><tr><th>event</th><th>store</th><th class="n">times</th><th class="n">least</th><th class="n">median</th><th class="n">p90</th><th class="n">p99</th><th class="n">worst</th><th>budget</th></tr></thead><tbody>${rows.map(
    ({ event, target, outages }) => {
      const times = outages.map(({ outageMs }) => outageMs);
      const { medianMs, worstMs } = table[event];
      const held = median(times) <= medianMs && Math.max(...times) <= worstMs;
      return html`<tr><td>${titles[event]}</td><td>${target}</td><td class="n">${times.length}</td><td class="n">${msText(Math.min(...times))}</td><td class="n">${msText(median(times))}</td><td class="n">${msText(quantile(times, 0.9))}</td><td class="n">${msText(quantile(times, 0.99))}</td><td class="n">${msText(Math.max(...times))}</td><td><span class="badge ${held ? 'yes' : 'unknown'}">${held ? 'held' : 'missed'}</span> <span class="soft">≤ ${msText(medianMs)} median, ≤ ${msText(worstMs)} worst</span></td></tr>`;
    },
  )}</tbody></table></div>`;
}

/** Outages beyond what is allowed, and what took the time. */
export function missList(result: ScenarioResult): Html | null {
  const misses = result.outages.filter(({ explanation }) => explanation !== undefined);
  if (misses.length === 0) return null;
  return html`<details><summary>${misses.length} beyond the worst that is allowed, or open at the end: where the time went</summary><ol>${misses.map(
    (miss) =>
      html`<li>${miss.fault} of ${miss.on.join(' ')} at ${msText(miss.atMs)}: ${msText(miss.outageMs)}; ${miss.explanation ?? ''}</li>`,
  )}</ol></details>`;
}
