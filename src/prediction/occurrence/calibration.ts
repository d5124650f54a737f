/** A probability given and what happened. */
export interface Outcome {
  readonly probability: number;
  readonly happened: boolean;
}

const STEPS = 12;
/** Strength of the belief that probabilities are right as they are, in outcomes. */
const PRIOR = 8;

/**
 * Maps probabilities to what they turned out to mean: logistic recalibration σ(a + b · logit p) (Cox 1958; Platt 1999), drawn towards
 * a = 0, b = 1, fitted by Newton's method. With few outcomes it changes little; b is kept positive, so the order stays.
 */
export function calibration(outcomes: readonly Outcome[]): (probability: number) => number {
  let a = 0;
  let b = 1;
  for (let step = 0; step < STEPS; step++) {
    let ga = -PRIOR * 0.25 * a;
    let gb = -PRIOR * 0.25 * (b - 1);
    let aa = PRIOR * 0.25;
    let bb = PRIOR * 0.25;
    let ab = 0;
    for (const { probability, happened } of outcomes) {
      const x = logit(probability);
      const p = 1 / (1 + Math.exp(-(a + b * x)));
      const residue = (happened ? 1 : 0) - p;
      const weight = Math.max(p * (1 - p), 1e-4);
      ga += residue;
      gb += residue * x;
      aa += weight;
      ab += weight * x;
      bb += weight * x * x;
    }
    const determinant = aa * bb - ab * ab;
    if (!(determinant > 1e-12)) break;
    a += clamped((bb * ga - ab * gb) / determinant);
    b = Math.max(0.1, b + clamped((aa * gb - ab * ga) / determinant));
  }
  return (probability) =>
    probability <= 0 ? 0 : probability >= 1 ? 1 : 1 / (1 + Math.exp(-(a + b * logit(probability))));
}

function logit(probability: number): number {
  const p = Math.min(Math.max(probability, 1e-4), 1 - 1e-4);
  return Math.log(p / (1 - p));
}

function clamped(step: number): number {
  return Math.min(Math.max(step, -1), 1);
}
