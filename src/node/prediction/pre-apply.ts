import { limits } from '../../foundation/limits.ts';
import type { Prediction } from '../../ports/prediction.ts';
import { predictionBound } from '../../protocol/parts/prediction.ts';
import { makePrediction } from './make-prediction.ts';
import type { ReadyTable } from './ready-table.ts';
import type { TrackedKey } from './tracked-keys.ts';

interface Offer {
  readonly tracked: TrackedKey;
  readonly value: number;
}

/**
 * What a new leader applies with its first block: predictions of at least the confidence that their policies ask for, the most certain of the weightiest
 * first, within the limits of one command.
 */
export function preApply(tracked: Iterable<TrackedKey>, table: ReadyTable, nowMs: number): readonly Prediction[] {
  const offers: Offer[] = [];
  for (const each of tracked) {
    let confidence = 1;
    for (const { id } of each.fields) confidence = Math.min(confidence, table.row(id)?.confidence(1) ?? 0);
    if (confidence > 0) offers.push({ tracked: each, value: confidence * each.policy.weight });
  }
  const most = limits.predictionsPerCommand;
  offers.sort((a, b) => b.value - a.value);
  const chosen: Prediction[] = [];
  let bytes = 0;
  for (const { tracked: each } of offers) {
    if (chosen.length === most) break;
    const prediction = makePrediction(each, table, nowMs);
    if (prediction === null || prediction.confidence < each.policy.minConfidence) continue;
    const size = predictionBound(prediction);
    if (bytes + size > limits.predictionBytesPerCommand) continue;
    bytes += size;
    chosen.push(prediction);
  }
  return chosen;
}
