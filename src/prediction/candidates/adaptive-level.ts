import { at } from '../math/at.ts';
import { median } from '../math/statistics.ts';
import { type FittingCandidate, fitting } from './fitting.ts';

/**
 * The median of as many last values as belong to one level: the window doubles backwards until the older half differs from the newer by
 * more than the noise allows (Lepski's rule of intersecting confidence intervals, Goldenshluger & Nemirovski 1997). After a lasting
 * change it forgets in `least` steps what came before; single spikes leave it alone.
 */
export function adaptiveLevel(least: number): FittingCandidate {
  return fitting({
    name: `level-${least}`,
    costUs: 12,
    stepUs: 12,
    minimumLength: () => 4 * least,
    fit:
      (_history, _profile, horizon) =>
      ({ values }) =>
        new Float64Array(horizon).fill(levelOf(values, least)),
  });
}

const MOST = 384;
const TOLERANCE = 3;

function levelOf(values: Float64Array, least: number): number {
  let length = least;
  let centre = median(values.subarray(-length));
  while (2 * length <= Math.min(values.length, MOST)) {
    const older = values.subarray(values.length - 2 * length, values.length - length);
    const newer = values.subarray(values.length - length);
    const before = median(older);
    const noise = Math.max(spread(older, before), spread(newer, centre));
    if (Math.abs(before - centre) > (TOLERANCE * noise) / Math.sqrt(length)) break;
    length *= 2;
    centre = median(values.subarray(-length));
  }
  return centre;
}

/** Mean absolute distance from the centre. */
function spread(values: Float64Array, centre: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(at(values, i) - centre);
  return sum / values.length;
}
