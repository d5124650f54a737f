import { at } from './at.ts';
import { solveSymmetric } from './solve.ts';

/** A linear problem: `rows` of `size` inputs, `[row · size + column]`, and one target a row. */
export interface Rows {
  readonly inputs: Float64Array;
  readonly targets: Float64Array;
  readonly size: number;
}

/** Weighted ridge regression. `ridge` is the penalty relative to the mean diagonal of the Gram matrix. Null: not solvable. */
export function ridgeFit(
  { inputs, targets, size }: Rows,
  ridge: number,
  weights: Float64Array | null = null,
): Float64Array | null {
  const gram = new Float64Array(size * size);
  const side = new Float64Array(size);
  for (let row = 0; row < targets.length; row++) {
    const start = row * size;
    const weight = weights === null ? 1 : at(weights, row);
    const target = at(targets, row);
    for (let i = 0; i < size; i++) {
      const x = weight * at(inputs, start + i);
      if (x === 0) continue;
      side[i] = at(side, i) + x * target;
      const line = i * size;
      for (let j = 0; j <= i; j++) gram[line + j] = at(gram, line + j) + x * at(inputs, start + j);
    }
  }
  let trace = 0;
  for (let i = 0; i < size; i++) trace += at(gram, i * size + i);
  const penalty = Math.max((ridge * trace) / size, 1e-12);
  for (let i = 0; i < size; i++) {
    gram[i * size + i] = at(gram, i * size + i) + penalty;
    for (let j = 0; j < i; j++) gram[j * size + i] = at(gram, i * size + j);
  }
  return solveSymmetric(gram, size, [side])?.[0] ?? null;
}

/**
 * Least absolute deviations (median regression) by iteratively re-weighted least squares (Schlossmacher 1973), from the ridge solution.
 */
export function absoluteFit(rows: Rows, ridge: number, rounds: number): Float64Array | null {
  let solution = ridgeFit(rows, ridge);
  const { inputs, targets, size } = rows;
  const weights = new Float64Array(targets.length);
  for (let round = 0; round < rounds && solution !== null; round++) {
    let total = 0;
    for (let row = 0; row < targets.length; row++) {
      let residue = at(targets, row);
      for (let i = 0; i < size; i++) residue -= at(inputs, row * size + i) * at(solution, i);
      weights[row] = Math.abs(residue);
      total += Math.abs(residue);
    }
    const least = Math.max((1e-3 * total) / targets.length, 1e-12);
    for (let row = 0; row < targets.length; row++) weights[row] = least / Math.max(at(weights, row), least);
    solution = ridgeFit(rows, ridge, weights);
  }
  return solution;
}
