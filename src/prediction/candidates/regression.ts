import type { Profile } from '../forecast.ts';
import { at, nth } from '../math/at.ts';
import { absoluteFit, type Rows, ridgeFit } from '../math/least-squares.ts';
import { deviation } from '../math/statistics.ts';
import { type FittingCandidate, fitting } from './fitting.ts';
import { allLevels, inputsAt, type Levels, levelsAt, reachOf, sizeOf } from './regression-inputs.ts';

/** Rows that a fit looks at: the recent past. */
const WINDOW = 2016;
const RIDGE = 1e-3;
const ROUNDS = 4;

/**
 * Direct regression: for every few steps ahead a linear model of its own on the last values, window medians and the values one and more
 * seasons before the moment forecast, all relative to the local level, so that a change of level needs no new fit (direct multi-step
 * strategy: Ben Taieb et al. 2012). `squares` shrinks by a ridge, `absolute` is median regression.
 */
export function regression(loss: 'squares' | 'absolute'): FittingCandidate {
  return fitting({
    name: loss === 'squares' ? 'ridge' : 'lad',
    costUs: loss === 'squares' ? 3000 : 15_000,
    stepUs: 20,
    minimumLength: (profile) => Math.max(96, Math.min(...profile.seasons, 384)) + 64,
    fit: (history, profile, horizon) => {
      const values = history.values.subarray(-WINDOW - reachOf(profile));
      const scale = deviation(values) || 1;
      const first = Math.min(reachOf(profile), Math.floor(values.length / 2));
      const levels = allLevels(values);
      const models: (Float64Array | null)[] = [];
      for (const steps of groupsOf(horizon)) {
        const rows = rowsOf(values, first, levels, profile, steps, scale);
        const model = loss === 'squares' ? ridgeFit(rows, RIDGE) : absoluteFit(rows, RIDGE, ROUNDS);
        for (const _ of steps) models.push(model);
      }
      return (later) => {
        const recent = later.values.subarray(-WINDOW - reachOf(profile));
        const end = recent.length - 1;
        const local = levelsAt(recent, end);
        const row = new Float64Array(sizeOf(profile));
        return new Float64Array(horizon).map((_, step) => {
          const model = models[step];
          if (model === null || model === undefined) return local.level;
          inputsAt(recent, end, profile, step + 1, local, scale, row, 0);
          let sum = 0;
          for (let i = 0; i < row.length; i++) sum += at(row, i) * at(model, i);
          return local.level + sum * scale;
        });
      };
    },
  });
}

/** Steps ahead that share a model: the nearest have one each, further on ever more share one. */
export function groupsOf(horizon: number): readonly (readonly number[])[] {
  const groups: number[][] = [];
  for (let step = 1; step <= horizon; ) {
    const size = Math.min(Math.max(1, Math.floor(step / 5)), horizon - step + 1);
    const from = step;
    groups.push(Array.from({ length: size }, (_, k) => from + k));
    step += size;
  }
  return groups;
}

/** Every row takes the next of the steps that share the model, so that more steps are no more rows. */
function rowsOf(
  values: Float64Array,
  first: number,
  levels: readonly Levels[],
  profile: Profile,
  steps: readonly number[],
  scale: number,
): Rows {
  const size = sizeOf(profile);
  const count = Math.max(0, values.length - Math.max(...steps) - first);
  const inputs = new Float64Array(count * size);
  const targets = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const local = levels[first + row];
    if (local === undefined) break;
    const ahead = nth(steps, row % steps.length);
    inputsAt(values, first + row, profile, ahead, local, scale, inputs, row * size);
    targets[row] = (at(values, first + row + ahead) - local.level) / scale;
  }
  return { inputs, targets, size };
}
