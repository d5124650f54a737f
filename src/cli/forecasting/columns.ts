import type { History } from '../../prediction/forecast.ts';
import { columnInputs } from '../../prediction/inputs/columns.ts';

/** A further column of a file, at the moments of its series; NaN: not known. */
export interface Column {
  readonly name: string;
  readonly values: Float64Array;
}

/** A column says nothing of a moment that so many steps have passed since. */
const STALE = 3;

/** At each moment of the history the newest number of the column by then. `timesMs` and `numbers`: of the rows, in any order, NaN where unreadable. */
export function columnAt(
  { values, stepMs, endMs }: Pick<History, 'values' | 'stepMs' | 'endMs'>,
  timesMs: readonly number[],
  numbers: readonly number[],
): Float64Array {
  const order = [...timesMs.keys()]
    .filter((i) => Number.isFinite(timesMs[i]) && Number.isFinite(numbers[i]))
    .sort((a, b) => (timesMs[a] ?? 0) - (timesMs[b] ?? 0) || a - b);
  const result = new Float64Array(values.length).fill(Number.NaN);
  let next = 0;
  let [time, number] = [Number.NEGATIVE_INFINITY, Number.NaN];
  for (let k = 0; k < result.length; k++) {
    const moment = endMs - (result.length - 1 - k) * stepMs;
    for (let i = order[next]; i !== undefined && (timesMs[i] ?? 0) <= moment; i = order[++next])
      [time, number] = [timesMs[i] ?? time, numbers[i] ?? number];
    if (moment - time <= STALE * stepMs) result[k] = number;
  }
  return result;
}

/** The history with the columns beside it, as its inputs in this order. */
export function withColumns(history: History, columns: readonly Column[] = []): History {
  return columns.length === 0
    ? history
    : { ...history, inputs: columnInputs(columns.map(({ values }) => values)) };
}
