import { csvRows } from './csv.ts';
import type { NamedSeries } from './read-series.ts';
import { readText, refuseTooLarge, wrong } from './read-series.ts';

const HOUR_MS = 3_600_000;

/** A file of many series, a row each: name, then its values, oldest first; blank fields and NA at the end of shorter rows. */
export async function readM4(file: string): Promise<readonly NamedSeries[]> {
  const rows = csvRows(await readText(file)).filter((row) => row.some((field) => field !== ''));
  const body = rows.filter((row) => /\d/.test(row[1] ?? '') && row.slice(1).some(isValue));
  const series = body.filter((row, i) => i > 0 || isValue(row[1] ?? '')).map((row) => seriesOf(file, row));
  if (series.length === 0)
    throw wrong(`${file} has no row of a name and values: expected a series a row, its name first`);
  if (series.every(({ history }) => history.values.length < 2))
    throw wrong(
      `${file} has one value a row: expected a series a row, its name first (leave --m4 out for a file of times and values)`,
    );
  return series;
}

function isValue(field: string): boolean {
  return field.trim() !== '' && Number.isFinite(Number(field));
}

function seriesOf(file: string, row: readonly string[]): NamedSeries {
  const name = row[0] ?? '';
  let end = row.length;
  while (end > 1 && /^\s*(NA|NaN)?\s*$/i.test(row[end - 1] ?? '')) end--;
  const values = Float64Array.from(row.slice(1, end), (field) =>
    isValue(field) ? Number(field) : Number.NaN,
  );
  const unreadable = values.findIndex((value) => Number.isNaN(value));
  if (unreadable >= 0)
    throw wrong(`${file}: value ${unreadable + 1} of series ${name} is no number: "${row[unreadable + 1]}"`);
  refuseTooLarge(`${file}: series ${name}`, values);
  return {
    name,
    history: { values, stepMs: HOUR_MS, endMs: (values.length - 1) * HOUR_MS },
    observed: new Uint8Array(values.length).fill(1),
    repairs: { unreadable: 0, backwards: 0, duplicates: 0, filled: 0, gaps: 0 },
  };
}
