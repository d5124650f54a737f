import { assert } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import { mutant } from '../../foundation/mutants.ts';
import { gaussian, type Random } from '../../foundation/random.ts';

/**
 * Federated averaging (McMahan et al. 2017): members train on series that stay with them and send only how their weights moved and how many
 * samples moved them; moves are clipped to a norm and, where asked, blurred with noise (McMahan et al. 2018), then averaged by samples.
 */
export interface Update {
  /** What the training added to the common weights. */
  readonly move: Float32Array;
  readonly samples: number;
}

/** @throws `model-invalid` weights of two sizes */
export function difference(before: Float32Array, after: Float32Array): Float32Array {
  if (before.length !== after.length)
    throw new TanistError('model-invalid', `${after.length} weights do not follow from ${before.length}`);
  return after.map((weight, index) => weight - (before[index] ?? 0));
}

export function norm(move: Float32Array): number {
  let squares = 0;
  for (const part of move) squares += part * part;
  return Math.sqrt(squares);
}

/** Shortened to the norm where it is longer; what is shorter stays as it is. */
export function clipped(move: Float32Array, largestNorm: number): Float32Array {
  assert(largestNorm > 0, 'moves are clipped to a positive norm');
  const length = norm(move);
  if (mutant.active === 'contribution-not-clipped') return move.slice();
  return length <= largestNorm ? move.slice() : move.map((part) => (part * largestNorm) / length);
}

/** With independent normal noise of the given standard deviation on every weight. */
export function blurred(move: Float32Array, deviation: number, random: Random): Float32Array {
  return deviation === 0 ? move.slice() : move.map((part) => part + deviation * gaussian(random));
}

/**
 * The common weights moved by the mean of the updates, each weighted by its samples. Every move is clipped here once more: what others
 * sent is not trusted to be.
 *
 * @throws `invalid-argument` no update, or one without samples; `model-invalid` of another size, or with values that are no numbers
 */
export function averaged(
  common: Float32Array,
  updates: readonly Update[],
  largestNorm: number,
): Float32Array {
  const total = updates.reduce((sum, { samples }) => sum + samples, 0);
  if (updates.length === 0 || !updates.every(({ samples }) => samples > 0 && Number.isSafeInteger(samples)))
    throw new TanistError(
      'invalid-argument',
      'updates to average: at least one, each with a number of samples',
    );
  const mean = new Float64Array(common.length);
  for (const { move, samples } of updates) {
    if (move.length !== common.length)
      throw new TanistError(
        'model-invalid',
        `an update of ${move.length} weights, where the model has ${common.length}`,
      );
    if (!move.every(Number.isFinite))
      throw new TanistError('model-invalid', 'an update with values that are no finite numbers');
    clipped(move, largestNorm).forEach((part, index) => {
      mean[index] = (mean[index] ?? 0) + (part * samples) / total;
    });
  }
  return common.map((weight, index) => weight + (mean[index] ?? 0));
}
