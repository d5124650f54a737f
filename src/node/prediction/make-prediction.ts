import type { ByteString } from '../../foundation/bytes.ts';
import { clusterTimeMs, revision } from '../../foundation/ids.ts';
import type { PredictedField, Prediction } from '../../ports/prediction.ts';
import type { TableRow } from '../../prediction/online/table-row.ts';
import { numberSpan, numberText, withNumbers } from '../../prediction/online/value-numbers.ts';
import type { ReadyTable } from './ready-table.ts';
import type { TrackedKey } from './tracked-keys.ts';

/** What the intervals of online forecasts cover. */
export const intervalLevel = 0.9;
/** A prediction outlives the moment that it is about by two steps, and by no less than this: whoever takes over needs time to read it. */
const leastValidMs = 1000;

/**
 * What the key is expected to be at `nowMs`: at the grid moment next to it, and at least one step after the newest value that is known. Null where the
 * table says nothing of that moment. No clock, no state: the caller says how old its knowledge is; `knownMs`: until then the key has not changed any more.
 */
export function makePrediction(
  tracked: TrackedKey,
  table: ReadyTable,
  nowMs: number,
  knownMs: number,
): Prediction | null {
  const [first] = tracked.fields;
  const row = first === undefined ? null : table.row(first.id);
  if (row === null || tracked.modRevision === 0) return null;
  const step = stepFor(row, Math.max(nowMs, tracked.timeMs), tracked.timeMs);
  if (step === null) return null;
  const stepMs = row.get('stepMs');
  const endMs = row.get('endMs');
  const forMs = Math.round(endMs + step * stepMs);
  const fields: PredictedField[] = [];
  const replacements = [];
  let confidence = 1;
  for (const field of tracked.fields) {
    const own = field.id === first?.id ? row : table.row(field.id);
    const span = numberSpan(tracked.value, field.tokens);
    if (own === null || span === null || step > own.get('horizon')) return null;
    const mean = own.mean(step);
    fields.push({ pointer: field.pointer, mean, lower: own.lower(step), upper: own.upper(step) });
    replacements.push({ span, text: numberText(mean, field.decimals) });
    confidence = Math.min(confidence, own.confidence(step));
  }
  return {
    space: tracked.space,
    key: tracked.key,
    value: withNumbers(tracked.value, replacements) as ByteString,
    madeFrom: revision(tracked.modRevision),
    madeAtMs: clusterTimeMs(Math.round(endMs)),
    forMs: clusterTimeMs(forMs),
    validUntilMs: clusterTimeMs(Math.round(forMs + Math.max(2 * stepMs, leastValidMs))),
    model: table.model(row),
    confidence,
    changeProbability: table.changeProbability(tracked, step, knownMs),
    level: intervalLevel,
    fields,
  };
}

/** Steps ahead of the row's end; null: beyond its horizon. */
function stepFor(row: TableRow, nowMs: number, newestMs: number): number | null {
  const stepMs = row.get('stepMs');
  const endMs = row.get('endMs');
  const afterNewest = Math.floor((newestMs - endMs) / stepMs + 0.5) + 1;
  const step = Math.max(1, afterNewest, Math.round((nowMs - endMs) / stepMs));
  return step > row.get('horizon') ? null : step;
}
