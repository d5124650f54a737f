import { assert } from '../foundation/assert.ts';

/**
 * P(X > z) for a standard normal X: erfc(z/√2)/2 by the rational Chebyshev fit of Numerical Recipes §6.2 (`erfcc`), relative error
 * below 1.2e-7 everywhere, so that far tails keep their magnitude.
 */
export function normalTail(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.5 * x);
  const p =
    -1.26551223 +
    t *
      (1.00002368 +
        t *
          (0.37409196 +
            t *
              (0.09678418 +
                t *
                  (-0.18628806 +
                    t *
                      (0.27886807 +
                        t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  const upper = 0.5 * t * Math.exp(-x * x + p);
  return z >= 0 ? upper : 1 - upper;
}

/** The z with −log10 P(X > z) = `phi`. */
export function deviationsOf(phi: number): number {
  assert(phi > 0.31 && phi <= 300, `phi must be above 0.31 and at most 300, is ${phi}`);
  let low = 0;
  let high = 40;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (-Math.log10(normalTail(middle)) < phi) low = middle;
    else high = middle;
  }
  return high;
}
