import { type Html, html } from './html.ts';
import { frame, type Span } from './scales.ts';
import { cursor, timeAxis } from './timeline.ts';

export interface Series {
  /** Class of the line. */
  readonly look: string;
  readonly points: readonly { readonly atMs: number; readonly value: number }[];
  /** Class of what lies under it; absent: a line alone. */
  readonly area?: string;
}

export interface LineChart {
  readonly label: string;
  readonly span: Span;
  readonly height: number;
  /** Value to place from the top, 0 to 100. */
  readonly y: (value: number) => number;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
  readonly series: readonly Series[];
}

const top = 6;

/** Lines over the same time as the timeline above it. The lines lie in a drawing of their own, so that a stretch can be drawn larger. */
export function lineChart({ label, span, height, y, ticks, series }: LineChart): Html {
  const inner = frame.width - frame.left - frame.right;
  const across = 1000 / Math.max(1, span.toMs - span.fromMs);
  const at = (atMs: number): number => Math.round((atMs - span.fromMs) * across * 100) / 100;
  return html`<svg class="chart timed" viewBox="0 0 ${frame.width} ${height + top + 24}" role="img" aria-label="${label}"><rect class="plot" x="${frame.left}" y="${top}" width="${inner}" height="${height}" fill="transparent"/>${ticks.map(
    ({ value, text }) => {
      const line = top + (y(value) / 100) * height;
      return html`<line class="grid" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${line}" y2="${line}"/><text x="${frame.left - 10}" y="${line + 4}" text-anchor="end">${text}</text>`;
    },
  )}<svg class="plot-inner" x="${frame.left}" y="${top}" width="${inner}" height="${height}" viewBox="0 0 1000 100" preserveAspectRatio="none">${series.map(
    ({ look, points, area }) => {
      const path = points
        .map(({ atMs, value }, i) => `${i === 0 ? 'M' : 'L'}${at(atMs)} ${y(value)}`)
        .join('');
      if (path === '') return null;
      const [first, last] = [points[0]?.atMs ?? 0, points.at(-1)?.atMs ?? 0];
      return html`${area === undefined ? null : html`<path class="${area}" d="${path}L${at(last)} 100L${at(first)} 100Z"/>`}<path class="trace ${look}" d="${path}"/>`;
    },
  )}</svg>${timeAxis(span, height + top)}${cursor(height + top)}</svg>`;
}
