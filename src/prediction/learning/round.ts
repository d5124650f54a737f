import { mutant } from '../../foundation/mutants.ts';
import { seededRandom } from '../../foundation/random.ts';
import { adaptWeights } from '../neural/adapt.ts';
import type { Forecaster } from '../neural/forecaster.ts';
import type { NetworkSize } from '../neural/network.ts';
import { samplerDefaults } from '../neural/sampler.ts';
import { type Comparison, compare, refusal } from './compare.ts';
import type { LessonBook } from './lesson-book.ts';
import { horizonsOf, originsEvery, type RoundOptions } from './options.ts';

export interface RoundResult {
  /** The new weights; null: the present ones stay. */
  readonly weights: Float32Array | null;
  /** Why they stay. */
  readonly reason: string | null;
  /** Null: it did not come to one. */
  readonly comparison: Comparison | null;
  readonly samples: number;
  /** Parts of series that were trained on. */
  readonly series: number;
}

export interface RoundParts {
  readonly forecaster: () => Promise<Forecaster>;
  /** Awaited between slices of work. What it throws ends the round. */
  readonly rest: () => Promise<void>;
}

/** Trains the weights further and judges them on what they were not shown. */
export async function trainingRound(
  size: NetworkSize,
  weights: Float32Array,
  { training, judged, samples }: LessonBook,
  options: RoundOptions,
  parts: RoundParts,
): Promise<RoundResult> {
  if (training.length === 0) {
    const reason = 'no series is long enough to learn from';
    return { weights: null, reason, comparison: null, samples, series: 0 };
  }
  const adapted = await trained(size, weights, training, options, parts.rest);
  const comparison = await compared(weights, adapted, judged, options, parts);
  const reason = mutant.active === 'model-published-uncompared' ? null : refusal(comparison, options.bar);
  const kept = reason === null ? adapted : null;
  return { weights: kept, reason, comparison, samples, series: training.length };
}

/** @throws `prediction-failed` the training diverged; what `rest` throws */
export async function trained(
  size: NetworkSize,
  weights: Float32Array,
  training: LessonBook['training'],
  { seed, steps, rate, windows, targets, shortest, ...rest }: RoundOptions,
  breathe: () => Promise<void>,
): Promise<Float32Array> {
  const horizons = horizonsOf(rest);
  const options = { ...samplerDefaults, seed, steps, rate, windows, targets, shortest, horizons };
  return (await adaptWeights(size, weights, training, options, breathe)).weights;
}

export async function compared(
  before: Float32Array,
  after: Float32Array,
  judged: LessonBook['judged'],
  options: RoundOptions,
  { forecaster, rest }: RoundParts,
): Promise<Comparison> {
  const at = { horizon: options.horizon, every: originsEvery(options) };
  return compare(await forecaster(), before, after, judged, at, rest);
}

/** What a round draws: equal seeds draw alike. */
export function roundRandom({ seed }: Pick<RoundOptions, 'seed'>): ReturnType<typeof seededRandom> {
  return seededRandom(`${seed}/series`);
}
