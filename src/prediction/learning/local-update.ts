import { TanistError } from '../../foundation/errors.ts';
import { seededRandom } from '../../foundation/random.ts';
import type { History } from '../forecast.ts';
import { blurred, clipped, difference, norm } from '../neural/federated.ts';
import type { Model } from '../neural/model.ts';
import type { Reported } from './contribution.ts';
import { lessonBook } from './lesson-book.ts';
import type { RoundOptions } from './options.ts';
import { compared, type RoundParts, roundRandom, trained } from './round.ts';
import { StoredSeries } from './stored-series.ts';

export interface Private {
  /** Norm that the move is clipped to. */
  readonly clip: number;
  /** Standard deviation of the noise on every weight, in clips. */
  readonly noise: number;
}

/** What a contributor sends of its training. */
export interface LocalUpdate {
  readonly delta: Float32Array;
  readonly samples: number;
  readonly reported: Reported | null;
  /** Of the move before it was clipped; stays here. */
  readonly fullNorm: number;
  /** Series that were learnt from; stays here. */
  readonly series: number;
}

/**
 * Trains a model on series that stay where they are. What leaves is how the weights moved, clipped and blurred; how many values moved them; and, where there
 * was enough to measure it on, the error before and after, to three digits.
 *
 * @throws `invalid-argument` no series is long enough; `prediction-failed` the training diverged
 */
export async function localUpdate(
  model: Pick<Model, 'size' | 'weights'>,
  series: readonly { readonly name: string; readonly history: History }[],
  options: RoundOptions,
  { clip, noise }: Private,
  parts: RoundParts,
): Promise<LocalUpdate> {
  const stored = series.map(({ name, history }) => [name, new StoredSeries(history, mostValues)] as const);
  const { training, judged, samples } = await lessonBook(stored, options, roundRandom(options), parts.rest);
  if (training.length === 0)
    throw new TanistError(
      'invalid-argument',
      'no series is long enough to learn from: it takes one that varies, of some 120 values',
    );
  const weights = await trained(model.size, model.weights, training, options, parts.rest);
  const { before, after } = await compared(model.weights, weights, judged, options, parts);
  const move = difference(model.weights, weights);
  const delta = blurred(clipped(move, clip), noise * clip, seededRandom(`${options.seed}/noise`));
  const reported =
    Number.isFinite(before) && Number.isFinite(after) ? { before: short(before), after: short(after) } : null;
  return { delta, samples, reported, fullNorm: norm(move), series: judged.length };
}

/** Of one series, the newest: a training draws from them all. */
const mostValues = 65_536;
/** More digits would say more of the data than it takes to judge the update. */
const short = (error: number): number => Number(error.toPrecision(3));
