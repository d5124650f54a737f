import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ChangeHistory } from './histories.ts';

const leastChanges = 40;

/**
 * Histories from recorded series: a resource that shows a reading, and changes when that has moved by more than half of the series' interquartile range
 * since it changed last (as a gauge with a dead band does). Series with fewer than 40 changes are left out.
 */
export async function recordedHistories(path: string): Promise<readonly ChangeHistory[]> {
  const files = (await stat(path)).isDirectory()
    ? (await readdir(path)).filter((name) => name.endsWith('.csv')).map((name) => join(path, name))
    : [path];
  const found: ChangeHistory[] = [];
  for (const file of files.sort()) {
    const history = historyOf(basename(file, '.csv'), await readFile(file, 'utf8'));
    if (history.changesMs.length >= leastChanges) found.push(history);
  }
  return found;
}

function historyOf(name: string, text: string): ChangeHistory {
  const rows = text
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .map(
      ([time = '', value = '']) => [Date.parse(`${time.trim().replace(' ', 'T')}Z`), Number(value)] as const,
    )
    .filter(([time, value]) => Number.isFinite(time) && Number.isFinite(value))
    .sort(([a], [b]) => a - b);
  const sorted = rows.map(([, value]) => value).sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
  const band = (at(0.75) - at(0.25)) / 2;
  const changesMs: number[] = [];
  let shown = Number.NaN;
  for (const [time, value] of rows) {
    if (Math.abs(value - shown) <= band) continue;
    if (!Number.isNaN(shown)) changesMs.push(time);
    shown = value;
  }
  return {
    name,
    source: 'file',
    changesMs,
    fromMs: rows[0]?.[0] ?? 0,
    untilMs: rows.at(-1)?.[0] ?? 0,
  };
}
