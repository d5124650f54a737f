import { at, nth } from '../math/at.ts';
import { minimise } from '../math/nelder-mead.ts';
import { mean } from '../math/statistics.ts';
import { type FittingCandidate, fitting } from './fitting.ts';

const CYCLES = 10;

interface State {
  readonly level: number;
  readonly slope: number;
  readonly phases: Float64Array;
  readonly error: number;
}

interface Weights {
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
}

const PHI = 0.95;

/** Exponential smoothing with a season and a damped trend (Holt 1957, Winters 1960), weights by least absolute one-step error. */
export function holtWinters(kind: 'additive' | 'multiplicative'): FittingCandidate {
  const times = kind === 'multiplicative';
  return fitting({
    name: times ? 'holt-winters-mul' : 'holt-winters',
    costUs: 400,
    stepUs: 12,
    minimumLength: (profile) => 3 * (profile.seasons[0] ?? Number.POSITIVE_INFINITY),
    fit: (history, profile, horizon) => {
      const season = profile.seasons[0] ?? 1;
      const window = Math.max(CYCLES * season, 256);
      const past = history.values.subarray(-window);
      const positive = past.every((value) => value > 0);
      const weights = (p: readonly number[]): Weights => ({
        alpha: sigmoid(nth(p, 0)),
        beta: 0.3 * sigmoid(nth(p, 1)),
        gamma: sigmoid(nth(p, 2)),
      });
      const best = weights(
        minimise((p) => run(past, season, weights(p), times && positive).error, [-1, -3, -2], 1, 70),
      );
      return ({ values }) => {
        const recent = values.subarray(-window);
        const product = times && recent.every((value) => value > 0);
        const { level, slope, phases } = run(recent, season, best, product);
        let ahead = 0;
        let factor = 1;
        return new Float64Array(horizon).map((_, step) => {
          factor *= PHI;
          ahead += factor;
          const phase = at(phases, (recent.length + step) % season);
          return product ? (level + ahead * slope) * phase : level + ahead * slope + phase;
        });
      };
    },
  });
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

function run(values: Float64Array, season: number, { alpha, beta, gamma }: Weights, product: boolean): State {
  const phases = firstPhases(values, season, product);
  let level = mean(values.subarray(0, season));
  let slope = 0;
  let error = 0;
  for (let i = 0; i < values.length; i++) {
    const value = at(values, i);
    const phase = at(phases, i % season);
    const base = level + PHI * slope;
    const residue = product ? value - base * phase : value - base - phase;
    if (i >= season) error += Math.abs(residue);
    const shift = product ? residue / Math.max(Math.abs(phase), 1e-6) : residue;
    level = base + alpha * shift;
    slope = PHI * slope + alpha * beta * shift;
    phases[i % season] =
      phase + (gamma * (1 - alpha) * residue) / (product ? Math.max(Math.abs(base), 1e-9) : 1);
  }
  return { level, slope, phases, error };
}

/** Seasonal figures at the start: mean over the first cycles of the distance from each cycle's own mean. */
function firstPhases(values: Float64Array, season: number, product: boolean): Float64Array {
  const cycles = Math.min(3, Math.floor(values.length / season));
  const phases = new Float64Array(season);
  for (let cycle = 0; cycle < cycles; cycle++) {
    const centre = mean(values.subarray(cycle * season, (cycle + 1) * season));
    for (let k = 0; k < season; k++) {
      const value = at(values, cycle * season + k);
      phases[k] = at(phases, k) + (product ? value / (centre || 1) : value - centre) / cycles;
    }
  }
  return phases;
}
