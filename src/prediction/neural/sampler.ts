import { present } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { Random } from '../../foundation/random.ts';
import { type Seasons, seasonsOf } from './features/seasons.ts';
import { runningSums, type Tail } from './features/tail.ts';
import { emptyBatch, writeWindow } from './features/window.ts';
import type { NetworkSize } from './network.ts';
import type { Lesson } from './trainer.ts';

/** A series to learn from: all of it is past. */
export interface TrainingSeries {
  readonly values: Float64Array;
  /** Seasons in steps, the strongest first. */
  readonly seasons: readonly number[];
}

export interface SamplerOptions {
  readonly windows: number;
  readonly targets: number;
  /** Horizons to learn, in steps; one is drawn for each window. */
  readonly horizons: readonly number[];
  /** Known values that a window has at least. */
  readonly shortest: number;
  /** Probability that a window forgets the seasons of its series, so that the network does not lean on them. */
  readonly forgetSeasons: number;
}

export const samplerDefaults: SamplerOptions = {
  windows: 64,
  targets: 12,
  horizons: [1, 3, 6, 12, 24, 48, 64],
  shortest: 48,
  forgetSeasons: 0.15,
};

/** Whether windows can be drawn from it: long enough, and all numbers. */
export function drawable(
  { values }: TrainingSeries,
  { shortest, horizons }: Pick<SamplerOptions, 'shortest' | 'horizons'>,
): boolean {
  return values.length >= shortest + Math.max(...horizons) && values.every(Number.isFinite);
}

/** A constant has no windows that teach anything; among others it does no harm. */
export const varies = ({ values }: TrainingSeries): boolean => values.some((value) => value !== values[0]);

/**
 * Draws lessons from drawable series, of which some vary: a series, an origin in it, a horizon, target steps spread over the horizon.
 *
 * @throws from the draw, `invalid-argument`: almost all windows are constant
 */
export function sampler(
  size: NetworkSize,
  all: readonly TrainingSeries[],
  options: SamplerOptions,
  random: Random,
): () => Lesson {
  const { windows, targets, horizons, shortest, forgetSeasons } = options;
  const prepared = all.map((series) => ({ ...series, sums: runningSums(series.values) }));
  return () => {
    const batch = emptyBatch(size, windows, targets);
    const truth = new Float32Array(windows * targets);
    const importance = new Float32Array(windows * targets);
    let constant = 0;
    for (let window = 0; window < windows; ) {
      const { values, sums, seasons } = random.pick(prepared);
      const horizon = random.pick(horizons);
      const end = shortest + random.below(values.length - horizon - shortest + 1);
      const tail: Tail = { values, sums, end };
      const used: Seasons = seasonsOf(random.chance(forgetSeasons) ? [] : seasons, end);
      const ahead = spread(horizon, targets, random);
      const { level, scale, naiveError } = writeWindow(size, batch, window, tail, used, ahead, horizon);
      // Nothing can be learnt of a constant. The draw that follows writes over it.
      if (scale === 0) {
        constant += 1;
        if (constant <= constantsPerLesson) continue;
        throw new TanistError('invalid-argument', 'no series to learn from: they hardly ever change');
      }
      for (const [target, steps] of ahead.entries()) {
        const value = (present(values[end + steps - 1], 'the truth is known') - level) / scale;
        truth[window * targets + target] = Math.max(-limit, Math.min(limit, value));
        importance[window * targets + target] = 1 / (naiveError + floor);
      }
      window += 1;
    }
    return { ...batch, truth, importance };
  };
}

/** Constant windows that are drawn again before a lesson is given up. */
const constantsPerLesson = 20_000;

/** Truths further out (in scales of their window) count as this far: one burst must not outweigh a batch. */
const limit = 30;
/** Smallest naive error that errors are weighed by, in scales. */
const floor = 0.15;

/** `count` steps of 1…horizon in ascending order, one of each equal stretch; where the horizon is shorter, some more than once. */
function spread(horizon: number, count: number, random: Random): readonly number[] {
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * horizon) / count);
    const to = Math.max(from + 1, Math.floor(((index + 1) * horizon) / count));
    return Math.min(horizon, from + 1 + random.below(to - from));
  });
}
