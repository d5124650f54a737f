import type { Random } from '../../src/foundation/random.ts';
import type { History } from '../../src/prediction/forecast.ts';

/** Known processes that the tests of forecasts draw from. */

/** Standard normal (Box & Muller). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

export function historyOf(values: ArrayLike<number>, stepMs = 300_000): History {
  return { values: Float64Array.from(values), stepMs, endMs: (values.length - 1) * stepMs };
}

/** x(t) = φ · x(t−1) + noise around a level. */
export function autoregressive(random: Random, length: number, phi: number, level = 0): Float64Array {
  let x = 0;
  return new Float64Array(length).map(() => {
    x = phi * x + normal(random);
    return level + x;
  });
}

/** A season of any shape plus noise. */
export function seasonal(
  random: Random,
  length: number,
  shape: readonly number[],
  noise: number,
): Float64Array {
  return new Float64Array(length).map((_, i) => (shape[i % shape.length] ?? 0) + noise * normal(random));
}

export function randomWalk(random: Random, length: number): Float64Array {
  let x = 0;
  return new Float64Array(length).map(() => {
    x += normal(random);
    return x;
  });
}

/** The shape of a day in `steps` steps: two humps of different height. */
export function dayShape(steps: number): readonly number[] {
  return Array.from({ length: steps }, (_, k) => {
    const t = (2 * Math.PI * k) / steps;
    return 10 + 5 * Math.sin(t) + 2 * Math.cos(2 * t);
  });
}
