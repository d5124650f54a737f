import Table from 'cli-table3';
import { figure } from './figure.ts';
import type { Style } from './style.ts';

/** Columns by name; numbers to the right. Plain lines, no frame: easy on the eye and on `awk`. */
export function table(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  style: Style,
): string {
  const drawn = new Table({
    head: columns.map((column) => style.bold(column)),
    colAligns: columns.map((_, i) =>
      rows.length > 0 && rows.every((row) => typeof row[i] === 'number') ? 'right' : 'left',
    ),
    chars: Object.fromEntries(frame.map((part) => [part, part === 'middle' ? '  ' : ''])),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) drawn.push(row.map((cell) => (typeof cell === 'number' ? figure(cell) : cell)));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const frame = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left',
  'left-mid',
  'mid',
  'mid-mid',
  'right',
  'right-mid',
  'middle',
] as const;
