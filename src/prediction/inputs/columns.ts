import type { Inputs } from '../forecast.ts';

/** Inputs that lie beside the values: each column ends with the history, and is as long as it or shorter where it begins later. */
export function columnInputs(columns: readonly Float64Array[]): Inputs {
  return {
    count: columns.length,
    last: (index, length) => lastOf(columns[index] ?? new Float64Array(0), length),
    before: (steps) =>
      columnInputs(columns.map((column) => column.subarray(0, Math.max(0, column.length - steps)))),
  };
}

function lastOf(column: Float64Array, length: number): Float64Array {
  if (length <= column.length) return column.subarray(column.length - length);
  const longer = new Float64Array(length).fill(Number.NaN);
  longer.set(column, length - column.length);
  return longer;
}
