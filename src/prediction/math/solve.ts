import { at } from './at.ts';

/**
 * Solves A·x = b for several right sides by Cholesky's decomposition. `matrix`: `[row · size + column]`, symmetric and positive definite,
 * is overwritten; `sides`: `[side][row]`. Null where the matrix is not positive definite.
 */
export function solveSymmetric(
  matrix: Float64Array,
  size: number,
  sides: readonly Float64Array[],
): readonly Float64Array[] | null {
  for (let j = 0; j < size; j++) {
    let pivot = at(matrix, j * size + j);
    for (let k = 0; k < j; k++) pivot -= at(matrix, j * size + k) ** 2;
    if (!(pivot > 1e-300)) return null;
    const root = Math.sqrt(pivot);
    matrix[j * size + j] = root;
    for (let i = j + 1; i < size; i++) {
      let sum = at(matrix, i * size + j);
      for (let k = 0; k < j; k++) sum -= at(matrix, i * size + k) * at(matrix, j * size + k);
      matrix[i * size + j] = sum / root;
    }
  }
  return sides.map((side) => substitute(matrix, size, side));
}

function substitute(lower: Float64Array, size: number, side: Float64Array): Float64Array {
  const x = Float64Array.from(side);
  for (let i = 0; i < size; i++) {
    let sum = at(x, i);
    for (let k = 0; k < i; k++) sum -= at(lower, i * size + k) * at(x, k);
    x[i] = sum / at(lower, i * size + i);
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = at(x, i);
    for (let k = i + 1; k < size; k++) sum -= at(lower, k * size + i) * at(x, k);
    x[i] = sum / at(lower, i * size + i);
  }
  return x;
}
