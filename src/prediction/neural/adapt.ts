import { TanistError } from '../../foundation/errors.ts';
import { seededRandom } from '../../foundation/random.ts';
import { seasonsOf } from './features/seasons.ts';
import type { NetworkSize } from './network.ts';
import {
  drawable,
  type SamplerOptions,
  sampler,
  samplerDefaults,
  type TrainingSeries,
  varies,
} from './sampler.ts';
import { openTrainer } from './trainer.ts';

export interface AdaptOptions extends SamplerOptions {
  readonly seed: string;
  readonly steps: number;
  /** Highest learning rate; it rises over the first steps and falls along half a cosine to nothing. */
  readonly rate: number;
}

/** As measured on sets of some hundred hourly series: enough to gain most of what there is to gain. */
export const adaptDefaults = { ...samplerDefaults, seed: 'adapt', steps: 2_000, rate: 1e-3 } as const;

export interface Adapted {
  readonly weights: Float32Array;
  /** Mean loss over the last tenth of the steps. */
  readonly loss: number;
}

/**
 * Options for one set of series that will be forecast `horizon` steps ahead: nothing but that horizon, windows that know their seasons. Made
 * for hundreds of series; of one or two it would learn by heart.
 */
export function optionsForSet(series: readonly TrainingSeries[], horizon: number): Partial<AdaptOptions> {
  let fewestValues = Number.POSITIVE_INFINITY;
  let twoSeasons = 0;
  for (const { values, seasons } of series) {
    const { short, long } = seasonsOf(seasons, values.length);
    fewestValues = Math.min(fewestValues, values.length);
    twoSeasons = Math.max(twoSeasons, 2 * short, 2 * long);
  }
  const shortest = Math.max(samplerDefaults.shortest, Math.min(twoSeasons, fewestValues >> 1));
  return { horizons: [horizon], forgetSeasons: 0, shortest, steps: 1_500 };
}

/** Values that one series alone must have before it teaches the network more than chance. */
export const leastAlone = 1000;

/** Options for one series alone: few small steps from what all series taught, so that it does not learn by heart. */
export function optionsForSeries(horizon: number): Partial<AdaptOptions> {
  return { horizons: [Math.max(1, Math.floor(horizon / 4)), horizon], steps: 300, rate: 3e-4 };
}

/**
 * Trains weights further on given series, all of which count as past; those that are too short or not all numbers are left
 * out. The same seed, series and options give the same weights on one machine. `breathe` is awaited after each step.
 *
 * @throws `invalid-argument` no series is long enough to learn from; `prediction-failed` the training diverged
 */
export async function adaptWeights(
  size: NetworkSize,
  start: Float32Array,
  series: readonly TrainingSeries[],
  options: AdaptOptions,
  breathe: (step: number) => Promise<void> = async () => {},
): Promise<Adapted> {
  const { windows, targets, steps, rate } = options;
  const usable = series.filter((each) => drawable(each, options));
  if (!usable.some(varies)) {
    const fewest = options.shortest + Math.max(...options.horizons);
    throw new TanistError(
      'invalid-argument',
      `no series to learn from: it takes one that varies, of ${fewest} values`,
    );
  }
  const draw = sampler(size, usable, options, seededRandom(options.seed));
  const trainer = await openTrainer(size, start, windows, targets);
  try {
    const losses: number[] = [];
    for (let step = 0; step < steps; step++) {
      losses.push(await trainer.step(draw(), rateAt(step, steps, rate)));
      await breathe(step);
    }
    const late = losses.slice(-Math.max(1, Math.floor(steps / 10)));
    return { weights: trainer.weights(), loss: late.reduce((sum, loss) => sum + loss, 0) / late.length };
  } finally {
    await trainer.close();
  }
}

/** Rises linearly for 2 % of the steps (at least 20), then half a cosine (Loshchilov and Hutter 2017) to a hundredth. */
export function rateAt(step: number, steps: number, highest: number): number {
  const warm = Math.min(1, (step + 1) / Math.max(20, 0.02 * steps));
  const fall = 0.5 + 0.5 * Math.cos((Math.PI * step) / steps);
  return highest * warm * (0.01 + 0.99 * fall);
}
