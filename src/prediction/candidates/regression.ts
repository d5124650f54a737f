import type { Profile } from '../forecast.ts';
import { at } from '../math/at.ts';
import { absoluteFit, type Rows, ridgeFit } from '../math/least-squares.ts';
import { deviation, median } from '../math/statistics.ts';
import { type FittingCandidate, fitting } from './fitting.ts';

/** Rows that a fit looks at: the recent past. */
const WINDOW = 2016;
const LAGS = 12;
const LEVEL = 144;

/**
 * Direct regression: for every step ahead a linear model of its own on the last values, window means and the values one and more
 * seasons before the moment forecast, all relative to the local level, so that a change of level needs no new fit (direct multi-step
 * strategy: Ben Taieb et al. 2012). `squares` shrinks by a ridge, `absolute` is median regression.
 */
export function regression(loss: 'squares' | 'absolute'): FittingCandidate {
  return fitting({
    name: loss === 'squares' ? 'ridge' : 'lad',
    costUs: loss === 'squares' ? 3000 : 15_000,
    stepUs: 20,
    minimumLength: (profile) => Math.max(96, usable(profile, 96)[0] ?? 0) + 64,
    fit: (history, profile, horizon) => {
      const values = history.values.subarray(-WINDOW - longest(profile));
      const scale = deviation(values) || 1;
      const first = Math.min(longest(profile), Math.floor(values.length / 2));
      const locals = Array.from({ length: values.length - first }, (_, k) => levels(values, first + k));
      const models = Array.from({ length: horizon }, (_, step) => {
        const rows = rowsOf(values, first, locals, profile, step + 1, scale);
        return loss === 'squares' ? ridgeFit(rows, 1e-3) : absoluteFit(rows, 1e-3, 6);
      });
      return (later) => {
        const recent = later.values.subarray(-WINDOW - longest(profile));
        const local = levels(recent, recent.length - 1);
        return new Float64Array(horizon).map((_, step) => {
          const model = models[step];
          if (model === null || model === undefined) return local.level;
          const row = new Float64Array(model.length);
          inputsAt(recent, recent.length - 1, profile, step + 1, local, scale, row, 0);
          let sum = 0;
          for (let i = 0; i < row.length; i++) sum += at(row, i) * at(model, i);
          return local.level + sum * scale;
        });
      };
    },
  });
}

function usable(profile: Profile, length: number): readonly number[] {
  return profile.seasons.filter((season) => season <= length * 4);
}

function longest(profile: Profile): number {
  return Math.max(LEVEL, 2 * Math.max(0, ...profile.seasons)) + 2;
}

interface Levels {
  readonly level: number;
  readonly short: number;
  readonly hour: number;
}

function levels(values: Float64Array, end: number): Levels {
  const part = (length: number): Float64Array => values.subarray(Math.max(0, end + 1 - length), end + 1);
  return { level: median(part(LEVEL)), short: median(part(12)), hour: median(part(48)) };
}

/** Inputs: 1, the last values, medians, per season the values around the same phase one and two cycles before the target. */
function sizeOf(profile: Profile): number {
  return 1 + LAGS + 2 + 4 * profile.seasons.length;
}

function inputsAt(
  values: Float64Array,
  end: number,
  profile: Profile,
  ahead: number,
  local: Levels,
  scale: number,
  into: Float64Array,
  start: number,
): void {
  let i = start;
  into[i++] = 1;
  for (let lag = 0; lag < LAGS; lag++) into[i++] = (at(values, end - lag) - local.level) / scale;
  into[i++] = (local.short - local.level) / scale;
  into[i++] = (local.hour - local.level) / scale;
  for (const season of profile.seasons) {
    const cycles = Math.ceil(ahead / season);
    const same = end + ahead - cycles * season;
    const before = same - season;
    into[i++] = (at(values, same) - local.level) / scale;
    into[i++] = (at(values, same - 1) - local.level) / scale;
    into[i++] = ((same + 1 <= end ? at(values, same + 1) : at(values, same)) - local.level) / scale;
    into[i++] = (at(values, Math.max(before, 0)) - local.level) / scale;
  }
}

function rowsOf(
  values: Float64Array,
  first: number,
  locals: readonly Levels[],
  profile: Profile,
  ahead: number,
  scale: number,
): Rows {
  const size = sizeOf(profile);
  const count = Math.max(0, values.length - ahead - first);
  const inputs = new Float64Array(count * size);
  const targets = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const local = locals[row];
    if (local === undefined) break;
    inputsAt(values, first + row, profile, ahead, local, scale, inputs, row * size);
    targets[row] = (at(values, first + row + ahead) - local.level) / scale;
  }
  return { inputs, targets, size };
}
