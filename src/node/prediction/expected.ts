import type { ByteString } from '../../foundation/bytes.ts';
import type { PredictableSpace, Prediction, WhyAbsent } from '../../ports/prediction.ts';
import type { PredictorState } from '../../ports/prediction-status.ts';
import type { PredictionFeed } from './prediction-feed.ts';
import type { ScanBudget } from './readable.ts';
import type { ReadyPredictions } from './ready-predictions.ts';
import type { TrackedKeys } from './tracked-keys.ts';

export interface ExpectedParts {
  readonly feed: Pick<PredictionFeed, 'policyFor'>;
  readonly keys: Pick<TrackedKeys, 'of' | 'hasRoomFor'>;
  readonly ready: Pick<ReadyPredictions, 'of'>;
  readonly state: PredictorState;
}

/** A prediction as a replica holds it ready, for whoever reads; or why there is none. */
export type Expected =
  | { readonly prediction: Prediction }
  | { readonly why: WhyAbsent; readonly confidence: number | null };

/** `atMs`: the moment of cluster time that it was made for; it goes on where no leader is heard. */
export type ExpectedAt = Expected & { readonly atMs: number };

/** Of a key as it was written at `modRevision`, and of no other state of it; as of `nowMs` in cluster time. */
export function expectedOf(
  { feed, keys, ready, state }: ExpectedParts,
  space: PredictableSpace,
  key: ByteString,
  modRevision: number,
  nowMs: number,
  budget: ScanBudget,
): Expected {
  const none = (why: WhyAbsent): Expected => ({ why, confidence: null });
  const policy = feed.policyFor(key);
  if (policy === null) return none('not-asked');
  const tracked = keys.of(space, key);
  if (tracked === null) {
    if (state !== 'running') return none(state === 'learning' ? 'learning' : 'no-predictor');
    // What there is room for will be found.
    return none(keys.hasRoomFor(policy) ? 'learning' : 'left-out');
  }
  if (tracked.modRevision !== modRevision) return none('learning');
  const held = ready.of(tracked, nowMs, budget);
  if (held === 'late') return none('learning');
  if (held === null) return none('no-forecast');
  const { prediction, confidence } = held;
  return prediction === null ? { why: 'unsure', confidence } : { prediction };
}
