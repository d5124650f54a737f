import type { Profile } from '../forecast.ts';
import { at } from '../math/at.ts';
import { runningMedians } from '../math/running-median.ts';
import { median } from '../math/statistics.ts';

const LAGS = 12;
const LEVEL = 144;
const MIDDLE = 48;
const SHORT = 12;
const PER_SEASON = 5;
/** Cycles whose mean at the same phase is an input. */
const CYCLES = 4;

/** Medians of the values up to a moment: of the level window, of the last 48 and of the last 12. */
export interface Levels {
  readonly level: number;
  readonly middle: number;
  readonly short: number;
}

export function levelsAt(values: Float64Array, end: number): Levels {
  const part = (length: number): Float64Array => values.subarray(Math.max(0, end + 1 - length), end + 1);
  return { level: median(part(LEVEL)), middle: median(part(MIDDLE)), short: median(part(SHORT)) };
}

/** The same at every moment. */
export function allLevels(values: Float64Array): readonly Levels[] {
  const level = runningMedians(values, LEVEL);
  const middle = runningMedians(values, MIDDLE);
  const short = runningMedians(values, SHORT);
  return Array.from(values, (_, i) => ({ level: at(level, i), middle: at(middle, i), short: at(short, i) }));
}

/** Values before a moment that its inputs want to see. */
export function reachOf(profile: Profile): number {
  return Math.max(LEVEL, 2 * Math.max(0, ...profile.seasons)) + 2;
}

export function sizeOf(profile: Profile): number {
  return 1 + LAGS + 2 + PER_SEASON * profile.seasons.length;
}

/**
 * Inputs of a forecast made at `end` for `ahead` steps later: 1, the last values, medians, and per season the values around the same phase
 * in the last cycle, in the one before, and the mean over a few cycles; all as distance from the local level in units of `scale`.
 */
export function inputsAt(
  values: Float64Array,
  end: number,
  profile: Profile,
  ahead: number,
  local: Levels,
  scale: number,
  into: Float64Array,
  start: number,
): void {
  const { level } = local;
  let i = start;
  into[i++] = 1;
  for (let lag = 0; lag < LAGS; lag++) into[i++] = (at(values, Math.max(0, end - lag)) - level) / scale;
  into[i++] = (local.short - level) / scale;
  into[i++] = (local.middle - level) / scale;
  for (const season of profile.seasons) {
    const same = end + ahead - Math.ceil(ahead / season) * season;
    let sum = 0;
    let cycles = 0;
    for (let place = same; place >= 0 && cycles < CYCLES; place -= season) {
      sum += at(values, place);
      cycles++;
    }
    const here = cycles > 0 ? at(values, same) : level;
    into[i++] = (here - level) / scale;
    into[i++] = ((same > 0 ? at(values, same - 1) : here) - level) / scale;
    into[i++] = ((same >= 0 && same < end ? at(values, same + 1) : here) - level) / scale;
    into[i++] = ((same >= season ? at(values, same - season) : here) - level) / scale;
    into[i++] = (cycles > 0 ? sum / cycles : level) / scale - level / scale;
  }
}
