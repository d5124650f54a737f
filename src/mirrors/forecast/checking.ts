import { at } from '../../prediction/math/at.ts';

/**
 * When to look first, at a price of a look: the optimum checking times of Barlow, Hunter & Proschan 1963, found by dynamic programming over the points of a
 * table (`atMs`, `chance` that the change has come, `integral` of that). Each look costs `price`, each moment between the change and the look that finds
 * it costs itself; a look that finds nothing is followed by the best for what is left. Index into the points.
 */
export function firstCheck(
  atMs: Float64Array,
  chance: Float64Array,
  integral: Float64Array,
  price: number,
): number {
  const last = atMs.length - 1;
  // Cost of what follows a look that finds nothing at point i, times the chance that it finds nothing.
  const after = new Float64Array(atMs.length);
  let first = last;
  for (let i = last - 1; i >= 0; i--) {
    const known = at(chance, i);
    const from = at(atMs, i);
    const sofar = at(integral, i);
    const looks = price * (1 - known);
    let least = Number.POSITIVE_INFINITY;
    for (let j = i + 1; j <= last; j++) {
      const cost = at(integral, j) - sofar - known * (at(atMs, j) - from) + looks + at(after, j);
      if (cost >= least) continue;
      least = cost;
      first = j;
    }
    after[i] = least;
  }
  return first;
}
