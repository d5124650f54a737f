import { TanistError } from '../../foundation/errors.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { Space } from '../../ports/delta.ts';
import { type AgedPrediction, isPredictable, type PredictedRead } from '../../ports/prediction.ts';
import type { PredictedRangeResult, RangeResult } from '../../ports/result.ts';
import { openPrediction } from '../../protocol/parts/prediction.ts';
import type { StateMachine } from '../../state/state-machine.ts';

/** Keys of one predicted read: what is decoded of them takes the event loop a few ms. */
export const mostPredictedKeys = 1000;

/** Why predictions cannot be read so; null: they can. */
export function refusalOfPredicted(
  request: RangeRequest,
  { minConfidence }: PredictedRead,
): TanistError | null {
  const { space, revision, keysOnly, countOnly } = request;
  if (!(minConfidence >= 0 && minConfidence <= 1))
    return wrong(`minConfidence is ${minConfidence}; it must be a number from 0 to 1`);
  if (!isPredictable(space)) return wrong(`keys of ${space} are not predicted`);
  if (revision !== 0)
    return wrong('predictions are of the present: read them without a revision, or the past without them');
  if (keysOnly || countOnly) return wrong('a predicted read is of values: leave out keysOnly and countOnly');
  return null;
}

/** The answer together with what is predicted of its values, as of `nowMs` in cluster time. Of large ranges: `range-too-large`. */
export function withPredictions(
  state: StateMachine,
  range: RangeResult,
  space: Space,
  { minConfidence }: PredictedRead,
  nowMs: number,
): PredictedRangeResult | TanistError {
  if (range.values.length > mostPredictedKeys) return tooManyToPredict();
  const predictions: AgedPrediction[] = [];
  for (const { key, modRevision } of range.values) {
    const sealed = isPredictable(space) ? state.predictionOf(space, key) : null;
    // What is long in reading may be older than the prediction.
    if (sealed === null || sealed.madeFrom !== modRevision) continue;
    const prediction = openPrediction(sealed);
    if (prediction === null || prediction.confidence < minConfidence) continue;
    if (nowMs > prediction.validUntilMs && mutant.active !== 'prediction-past-valid-until') continue;
    predictions.push({ prediction, ageMs: Math.max(0, nowMs - prediction.madeAtMs) });
  }
  return { ...range, predictions };
}

export function tooManyToPredict(): TanistError {
  return new TanistError(
    'range-too-large',
    `the range holds more than ${mostPredictedKeys} keys, of which predictions are read at once: use a limit`,
  );
}

function wrong(message: string): TanistError {
  return new TanistError('invalid-argument', message);
}
