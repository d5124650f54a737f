import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';
import { evenly, type MonthGrid, monthGridOf } from '../../prediction/series/calendar.ts';
import { isUsable, largestNumber } from '../../prediction/series/observations.ts';
import { type RegularSeries, regularSeries } from '../../prediction/series/regular.ts';
import { type Column, columnAt } from './columns.ts';
import { csvRows } from './csv.ts';
import { timeMs } from './time.ts';

/** A series read from a file, made regular; what was put right on the way is in `repairs`. */
export interface NamedSeries extends RegularSeries {
  readonly name: string;
  /** Its steps are whole months, and its history has them all equally long; absent: they are as they are. */
  readonly months?: MonthGrid;
  /** Rows without a time or a number at the end of its file: what is forecast begins before them. */
  readonly lastUnreadable?: number;
  /** The further columns of its file, where they were asked for. */
  readonly columns?: readonly Column[];
}

const MOST_BYTES = 256 * 1024 * 1024;
const SHORTEST = 4;
/** Share of rows that may be unreadable. */
const TOLERATED = 0.5;

export async function readText(file: string): Promise<string> {
  let size: number;
  try {
    const found = await stat(file);
    if (found.isDirectory()) throw wrong(`${file} is a directory: name a file`);
    size = found.size;
  } catch (error) {
    if (error instanceof TanistError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw wrong(code === 'ENOENT' ? `There is no file ${file}` : `${file} can't be read: ${code}`);
  }
  if (size > MOST_BYTES) throw wrong(`${file} has ${size} bytes; at most ${MOST_BYTES} are read`);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw wrong(`${file} can't be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** A file of `timestamp,value`, with or without a header, columns in this order or named so. `withInputs`: its further columns, too. */
export async function readSeries(file: string, withInputs = false): Promise<NamedSeries> {
  const rows = csvRows(await readText(file)).filter((row) => row.some((field) => field !== ''));
  if (rows.length === 0) throw wrong(`${file} is empty: expected lines of timestamp,value`);
  const { time, value, header } = columnsOf(file, rows);
  const body = header ? rows.slice(1) : rows;
  const told = body.map((row) => timeMs(row[time] ?? ''));
  const values = body.map((row) => numberOf(row[value] ?? ''));
  refuseUnreadable(file, body, told, 'time', time, header);
  refuseUnreadable(file, body, values, 'number', value, header);
  refuseTooLarge(file, values);
  const months = monthGridOf(told);
  const even = months === null ? null : evenly(told, months);
  const times = even?.timesMs ?? told;
  const series = regularSeries({ timesMs: times, values }, even === null ? {} : { stepMs: even.stepMs });
  if (series === null) throw wrong(`${file} has no row with both a time and a number`);
  if (series.history.values.length < SHORTEST)
    throw wrong(
      `${file} has ${series.history.values.length} values after cleaning; at least ${SHORTEST} are needed`,
    );
  const name = basename(file).replace(/\.(csv|tsv|txt)$/i, '');
  const readable = body.findLastIndex((_, i) => Number.isFinite(told[i]) && Number.isFinite(values[i]));
  const lastUnreadable = body.length - 1 - readable;
  const named = { ...series, name, lastUnreadable, ...(months === null ? {} : { months }) };
  if (!withInputs) return named;
  if (!header)
    throw wrong(
      `${file} has no header: --inputs needs columns with names, the one to forecast called "value"`,
    );
  const columns = (rows[0] ?? []).flatMap((title, i): readonly Column[] => {
    if (i === time || i === value) return [];
    const numbers = body.map((row) => numberOf(row[i] ?? ''));
    return [{ name: title, values: columnAt(series.history, times, numbers) }];
  });
  return { ...named, columns };
}

export function refuseTooLarge(of: string, values: ArrayLike<number>): void {
  const found = Array.from(values).find((value) => Number.isFinite(value) && !isUsable(value));
  if (found !== undefined)
    throw wrong(`${of} has a value of ${found}: numbers to ±${largestNumber} can be forecast`);
}

export function numberOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

interface Columns {
  readonly time: number;
  readonly value: number;
  readonly header: boolean;
}

const TIME_NAMES = /^(time|timestamp|date|datetime|date_time|ds|ts|_time)$/i;
const VALUE_NAMES = /^(value|y|val|v|_value)$/i;

function columnsOf(file: string, rows: readonly (readonly string[])[]): Columns {
  const first = rows[0] ?? [];
  if (first.length < 2) throw wrong(`${file} has one column: expected timestamp,value`);
  const header = !first.some((field) => Number.isFinite(numberOf(field)) || Number.isFinite(timeMs(field)));
  if (!header) return { time: 0, value: 1, header };
  const time = Math.max(
    0,
    first.findIndex((name) => TIME_NAMES.test(name)),
  );
  const named = first.findIndex((name) => VALUE_NAMES.test(name));
  if (named >= 0) return { time, value: named, header };
  if (first.length > 2)
    throw wrong(
      `${file} has the columns ${first.join(', ').slice(0, 120)}: call the one to forecast "value"`,
    );
  return { time, value: time === 0 ? 1 : 0, header };
}

function refuseUnreadable(
  file: string,
  rows: readonly (readonly string[])[],
  parsed: readonly number[],
  what: 'time' | 'number',
  column: number,
  header: boolean,
): void {
  const unreadable = parsed.filter((number) => !Number.isFinite(number)).length;
  if (unreadable <= TOLERATED * parsed.length && parsed.length > 0) return;
  const at = parsed.findIndex((number) => !Number.isFinite(number));
  const sample = (rows[at]?.[column] ?? '').slice(0, 40);
  throw wrong(
    parsed.length === 0
      ? `${file} has a header and no rows`
      : `${file}: ${unreadable} of ${parsed.length} rows have no ${what} in column ${column + 1}, first in row ${at + (header ? 2 : 1)}: "${sample}"`,
  );
}

export function wrong(message: string): TanistError {
  return new TanistError('invalid-argument', message);
}

/** What was put right, in one line; null: nothing. */
export function repairsText({ name, repairs, lastUnreadable = 0 }: NamedSeries): string | null {
  const among = lastUnreadable > 0 ? `, among them the last ${lastUnreadable}` : '';
  const said = [
    [repairs.unreadable, `unreadable rows left out${among}`],
    [repairs.backwards, 'rows out of order in time, sorted'],
    [repairs.duplicates, 'rows of a step that had one already, the last counts'],
    [repairs.filled, 'missing steps filled'],
    [repairs.gaps, 'gap too long to fill, what was before it left out'],
  ] as const;
  const parts = said.filter(([count]) => count > 0).map(([count, text]) => `${count} ${text}`);
  return parts.length === 0 ? null : `${name}: ${parts.join('; ')}`;
}
