import { at } from '../math/at.ts';
import { median } from '../math/statistics.ts';

/** Values on either side of a place that are compared. */
const SIDE = 24;
const STRIDE = 4;
/** How many times the noise within the sides the medians have to differ. */
const TIMES = 3;
const WINDOW = 2048;

/**
 * Index of the first value after the last lasting change of level; 0: none. A change is lasting when medians of the values before and after
 * differ by far more than either side scatters, and those after hold on to the end of the window compared.
 */
export function levelSince(values: Float64Array): number {
  const from = Math.max(SIDE, values.length - WINDOW);
  for (let place = values.length - SIDE; place >= from; place -= STRIDE) {
    if (distance(values, place) < TIMES) continue;
    let best = place;
    let most = 0;
    for (
      let near = Math.max(SIDE, place - SIDE);
      near <= Math.min(place + STRIDE, values.length - SIDE);
      near++
    ) {
      const here = jump(values, near);
      if (here > most) {
        most = here;
        best = near;
      }
    }
    return best;
  }
  return 0;
}

/** Distance of the medians of both sides in units of their scatter. */
function distance(values: Float64Array, place: number): number {
  const before = values.subarray(place - SIDE, place);
  const after = values.subarray(place, place + SIDE);
  const low = median(before);
  const high = median(after);
  const noise = Math.max(scatter(before, low), scatter(after, high), 1e-9 * Math.abs(low));
  return noise > 0 ? Math.abs(high - low) / noise : high === low ? 0 : Number.POSITIVE_INFINITY;
}

/** How sharp the change is at one place: the nearest four values of either side. */
function jump(values: Float64Array, place: number): number {
  return Math.abs(median(values.subarray(place, place + 4)) - median(values.subarray(place - 4, place)));
}

function scatter(values: Float64Array, centre: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(at(values, i) - centre);
  return sum / values.length;
}
