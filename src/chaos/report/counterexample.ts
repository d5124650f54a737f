import type { DrawnCounterexample } from '../../verification/linearizability/drawing.ts';
import { type Html, html } from './html.ts';
import { frame, linear, msText } from './scales.ts';

const rowHeight = 30;
/** A picture of more is no help; the history itself is in the JSON. */
const mostOperations = 120;
const letter = 6.3;

/** Operations as intervals of their caller; red: part of the contradiction. One that never ended runs out to the right. */
export function counterexampleDrawn({ title, operations }: DrawnCounterexample): Html {
  const shown = operations.slice(0, mostOperations);
  if (shown.length === 0) return html`<p class="soft">${title}</p>`;
  const fromMs = Math.min(...shown.map((operation) => operation.fromMs));
  const endMs = Math.max(...shown.map((operation) => operation.toMs ?? operation.fromMs));
  const openMs = endMs + Math.max(1, endMs - fromMs) * 0.08;
  const x = linear(fromMs, openMs, frame.left, frame.width - frame.right);
  const rows = rowsOf(shown);
  const height = rows.length * rowHeight;
  return html`<p><b>${title}</b></p><svg class="chart" viewBox="0 0 ${frame.width} ${height + 24}" role="img" aria-label="Counterexample: ${title}">${rows.map(
    ({ caller, first, operations: row }, i) => {
      const y = i * rowHeight;
      return html`${first ? html`<text class="label" x="${frame.left - 10}" y="${y + 19}" text-anchor="end">${caller}</text>` : null}<line class="grid" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${y + rowHeight}" y2="${y + rowHeight}"/>${row.map(
        ({ fromMs: begun, toMs, text, wrong }) => {
          const left = x(begun);
          const width = Math.max(4, x(toMs ?? openMs) - left);
          const tip = `${caller}: ${text}\n${msText(begun - fromMs)} to ${toMs === null ? 'no known end' : msText(toMs - fromMs)}${wrong ? '\npart of the contradiction' : ''}`;
          const inside = width > text.length * letter + 10;
          const beyond = left + width + 5 + text.length * letter > frame.width;
          const at = inside ? left + 6 : beyond ? left - 5 : left + width + 5;
          return html`<rect class="${wrong ? 'op wrong' : 'op'}" x="${left}" y="${y + 5}" width="${width}" height="${rowHeight - 11}" rx="5"${toMs === null ? html` stroke-dasharray="4 3"` : null} data-tip="${tip}"><title>${tip}</title></rect><text class="${wrong ? 'op-text wrong' : 'op-text'}" x="${at}" y="${y + 19}" text-anchor="${!inside && beyond ? 'end' : 'start'}" pointer-events="none">${text}</text>`;
        },
      )}`;
    },
  )}<line class="axis" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${height + 2}" y2="${height + 2}"/><text class="faint" x="${frame.left}" y="${height + 17}">${msText(fromMs)}</text><text class="faint" x="${frame.width - frame.right}" y="${height + 17}" text-anchor="end">${msText(endMs)}</text></svg>${operations.length > shown.length ? html`<p class="soft small">the first ${shown.length} of ${operations.length} operations; all are in the JSON file</p>` : null}`;
}

type Drawn = DrawnCounterexample['operations'][number];

interface Row {
  readonly caller: string;
  readonly first: boolean;
  readonly operations: readonly Drawn[];
}

/** A row for each caller; more where its operations overlap, or would hide each other's words. */
function rowsOf(operations: readonly Drawn[]): readonly Row[] {
  const callers = [...new Set(operations.map(({ caller }) => caller))];
  const spanMs =
    Math.max(1, ...operations.map(({ toMs, fromMs }) => toMs ?? fromMs)) -
    Math.min(...operations.map(({ fromMs }) => fromMs));
  return callers.flatMap((caller) => {
    const rows: Drawn[][] = [];
    for (const operation of operations
      .filter((each) => each.caller === caller)
      .toSorted((a, b) => a.fromMs - b.fromMs)) {
      const free = rows.find((row) => {
        const last = row.at(-1);
        if (last === undefined) return true;
        const words = (last.text.length * letter * spanMs) / (frame.width - frame.left - frame.right);
        return last.toMs !== null && Math.max(last.toMs, last.fromMs + words) < operation.fromMs;
      });
      if (free === undefined) rows.push([operation]);
      else free.push(operation);
    }
    return rows.map((row, i) => ({ caller, first: i === 0, operations: row }));
  });
}
