import type { ByteString } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { Space } from '../../ports/delta.ts';
import {
  type AbsentPrediction,
  type AgedPrediction,
  isPredictable,
  type PredictableSpace,
  type PredictedRead,
  type Prediction,
} from '../../ports/prediction.ts';
import type { PredictedRangeResult, RangeResult } from '../../ports/result.ts';
import { openPrediction } from '../../protocol/parts/prediction.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import type { ExpectedAt } from '../prediction/expected.ts';

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

/** What a replica holds ready of a key as it was written at a revision, or why it holds nothing; null: it has no predictor. */
export type Ready =
  | ((space: PredictableSpace, key: ByteString, modRevision: number, nowMs: number) => ExpectedAt)
  | null;

/**
 * The answer together with what is predicted of its values, as of `nowMs` in cluster time: what was applied at a failover, else what this replica holds
 * ready. Of large ranges: `range-too-large`.
 */
export function withPredictions(
  state: StateMachine,
  range: RangeResult,
  space: Space,
  { minConfidence }: PredictedRead,
  nowMs: number,
  ready: Ready,
): PredictedRangeResult | TanistError {
  if (range.values.length > mostPredictedKeys) return tooManyToPredict();
  if (!isPredictable(space)) return { ...range, predictions: [], absent: [] };
  const predictions: AgedPrediction[] = [];
  const absent: AbsentPrediction[] = [];
  for (const { key, modRevision } of range.values) {
    const applied = appliedTo(state, space, key, modRevision, nowMs);
    if (applied !== null && applied.confidence >= minConfidence) {
      predictions.push({
        prediction: applied,
        source: 'applied',
        ageMs: Math.max(0, nowMs - applied.madeAtMs),
      });
      continue;
    }
    const held = ready?.(space, key, modRevision, nowMs) ?? null;
    if (held === null || 'why' in held) {
      if (applied !== null) absent.push({ key, why: 'unsure', confidence: applied.confidence });
      else if (held === null) absent.push({ key, why: 'no-predictor', confidence: null });
      else absent.push({ key, why: held.why, confidence: held.confidence });
      continue;
    }
    const { prediction, atMs } = held;
    if (!(prediction.confidence >= minConfidence))
      absent.push({ key, why: 'unsure', confidence: prediction.confidence });
    else predictions.push({ prediction, source: 'ready', ageMs: Math.max(0, atMs - prediction.madeAtMs) });
  }
  return { ...range, predictions, absent };
}

/** What was applied for want of this very value's successor, and still counts. */
function appliedTo(
  state: StateMachine,
  space: PredictableSpace,
  key: ByteString,
  modRevision: number,
  nowMs: number,
): Prediction | null {
  const sealed = state.predictionOf(space, key);
  // What is long in reading may be older than the prediction.
  if (sealed === null || sealed.madeFrom !== modRevision) return null;
  if (nowMs > sealed.validUntilMs && mutant.active !== 'prediction-past-valid-until') return null;
  return openPrediction(sealed);
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
