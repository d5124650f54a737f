import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asError } from '../../foundation/errors.ts';
import { readM4 } from './read-m4.ts';
import { type NamedSeries, readSeries, repairsText, wrong } from './read-series.ts';

/** What the commands read; `warn` is told in one line what was put right or left out. */
export async function readInputs(
  path: string,
  { m4 = false, inputs = false, season = null }: ReadOptions,
  warn: (line: string) => void,
): Promise<readonly NamedSeries[]> {
  const all = await readAll(path, m4, warn, inputs);
  for (const { name, columns, history } of all) {
    const { length } = history.values;
    if (inputs && (columns ?? []).length === 0)
      warn(`${name} has no further columns: --inputs changes nothing`);
    if (season !== null && season >= length)
      warn(`${name} has ${length} values: a season of ${season} steps changes nothing`);
  }
  return all;
}

export interface ReadOptions {
  readonly m4?: boolean | undefined;
  /** The further columns of a file, too. */
  readonly inputs?: boolean | undefined;
  readonly season?: number | null | undefined;
}

async function readAll(
  path: string,
  m4: boolean,
  warn: (line: string) => void,
  withInputs: boolean,
): Promise<readonly NamedSeries[]> {
  if (m4) return readM4(path);
  if (!(await isDirectory(path))) return [told(await readSeries(path, withInputs), warn)];
  const files = (await readdir(path)).filter((name) => /\.(csv|tsv)$/i.test(name)).sort();
  if (files.length === 0) throw wrong(`${path} has no .csv file`);
  const series: NamedSeries[] = [];
  for (const file of files) {
    try {
      series.push(told(await readSeries(join(path, file), withInputs), warn));
    } catch (error) {
      warn(`left out: ${asError(error).message}`);
    }
  }
  if (series.length === 0) throw wrong(`${path} has no .csv file that can be read`);
  return series;
}

function told(series: NamedSeries, warn: (line: string) => void): NamedSeries {
  const repairs = repairsText(series);
  if (repairs !== null) warn(repairs);
  return series;
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
