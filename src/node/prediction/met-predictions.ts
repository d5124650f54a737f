import type { ByteString } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { limits } from '../../foundation/limits.ts';
import type { StateDelta } from '../../ports/delta.ts';
import { isPredictable, type PredictedField, type Prediction } from '../../ports/prediction.ts';
import type { PredictionsMet } from '../../ports/prediction-status.ts';
import type { ShownOf } from '../../prediction/learning/window-store.ts';
import { pointerTokens } from '../../prediction/online/json-pointer.ts';
import { numberIn, numberSpan } from '../../prediction/online/value-numbers.ts';
import { openPrediction } from '../../protocol/parts/prediction.ts';
import { predictedKey, predictionOf } from '../../state/predicted/prediction-value.ts';
import { BoundedQueue } from './bounded-queue.ts';
import { readable, WorkMeter } from './readable.ts';

/** What waits to be told to the worker at most; the oldest goes first. */
const mostTold = 4096;
/** Scored between two looks at the clock, at most. */
const perLook = 16;
/** What one that waits takes besides its values, about. */
const overheadBytes = 96;

/** A truth and the prediction that it ended, as they were stored. */
interface Met {
  readonly name: string;
  readonly at: ByteString;
  readonly stored: ByteString;
  readonly timeMs: number;
  readonly value: ByteString;
  readonly before: ByteString | null;
}

/**
 * What failovers showed: predictions that were applied for want of the truth, against the truth that was written afterwards. Pairs them from the changes
 * of the state, so every replica has them, whoever leads next. A truth meets the prediction if it is no further from the moment that the prediction was
 * about than that was valid. A burst of truths only waits; they are read and scored by `score`, a little at a time.
 */
export class MetPredictions {
  /** What the space `predicted` holds, by its keys; read when its truth comes. */
  readonly #open = new Map<ByteString, ByteString>();
  readonly #waiting = new BoundedQueue(sizeOf);
  #met: ShownOf[] = [];
  #untilMs = Number.NEGATIVE_INFINITY;
  readonly #all = new Errors();
  #failover = new Errors();

  /** Truths that came faster than they could be scored. */
  get dropped(): number {
    return this.#waiting.dropped;
  }

  /** Since the start. */
  get figures(): PredictionsMet {
    return this.#all.figures;
  }

  applied(deltas: readonly StateDelta[]): void {
    // The truth ends its prediction: both are in one batch, in whatever order.
    if (this.#open.size > 0) for (const delta of deltas) this.#truth(delta);
    for (const { space, op, key, value } of deltas) {
      if (space !== 'predicted') continue;
      if (op === 'delete') this.#open.delete(key);
      else if (this.#open.size < limits.predictions) this.#opened(key, value);
    }
  }

  /** The state is another one: what was open in the old one meets no truth any more. What its failover came to until then counts, and is told next. */
  replaced(): void {
    this.#open.clear();
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }

  /** Reads and scores truths for as long as `mayGoOn`; at least a few. The rest waits. */
  score(mayGoOn: () => boolean): void {
    const meter = new WorkMeter(perLook);
    let scored = 0;
    for (const met of this.#waiting.waiting) {
      if (meter.isDue(met.value, timesRead) && !mayGoOn()) break;
      scored++;
      this.#score(met);
    }
    this.#waiting.remove(scored);
  }

  /** Those scored since the last call. */
  take(): readonly ShownOf[] {
    const met = this.#met;
    this.#met = [];
    return met;
  }

  /** What became of the predictions of a failover, once, when no more of them can meet its truth; null: nothing to say now. */
  ended(nowMs: number): PredictionsMet | null {
    const { figures } = this.#failover;
    if (this.#waiting.waiting.length > 0) return null;
    if (figures.count === 0 || (this.#open.size > 0 && nowMs <= this.#untilMs)) return null;
    this.#failover = new Errors();
    return figures;
  }

  #opened(key: ByteString, stored: ByteString): void {
    this.#open.set(key, stored);
    const validUntilMs = headOf(key, stored)?.validUntilMs;
    if (validUntilMs !== undefined) this.#untilMs = Math.max(this.#untilMs, validUntilMs);
  }

  #truth({ space, op, key, timeMs, value, previous }: StateDelta): void {
    if (!isPredictable(space)) return;
    const at = predictedKey(space, key);
    const stored = this.#open.get(at);
    if (stored === undefined) return;
    this.#open.delete(at);
    if (op !== 'put') return;
    const before = previous?.value ?? null;
    this.#waiting.add({ name: `${space}/${key}`, at, stored, timeMs, value, before });
  }

  #score({ name, at, stored, timeMs, value, before }: Met): void {
    const prediction = opened(at, stored);
    if (prediction === null) return;
    const { forMs, validUntilMs, fields } = prediction;
    if (Math.abs(timeMs - forMs) > validUntilMs - forMs) return;
    const truth = readable(value, fields);
    const last = before === null ? null : readable(before, fields);
    for (const errors of [this.#all, this.#failover]) errors.add(fields, truth, last);
    for (const { pointer, mean } of fields)
      this.#met.push({ name: `${name}\n${pointer}`, momentMs: timeMs, predicted: mean });
    if (this.#met.length > mostTold) this.#met = this.#met.slice(-mostTold);
  }
}

/** Of a prediction, its truth and the value before it: each is read once for each number, of which most have few. */
const timesRead = 4;

function sizeOf({ stored, value, before }: Met): number {
  return overheadBytes + stored.length + value.length + (before?.length ?? 0);
}

/**
 * Errors of predictions and of the last values in their place. Each number's are in parts of the largest of both and half the interval, so that numbers of all
 * sizes count alike and none for more than 1 (bounded relative errors, Chen et al. 2017).
 */
class Errors {
  #count = 0;
  #numbers = 0;
  #predicted = 0;
  #last = 0;

  get figures(): PredictionsMet {
    const numbers = Math.max(1, this.#numbers);
    return { count: this.#count, error: this.#predicted / numbers, lastError: this.#last / numbers };
  }

  add(fields: readonly PredictedField[], value: ByteString, before: ByteString | null): void {
    this.#count++;
    if (before === null) return;
    for (const { pointer, mean, lower, upper } of fields) {
      const tokens = pointer === '' ? [] : (pointerTokens(pointer) ?? []);
      const truth = numberIn(value, numberSpan(value, tokens));
      const error = Math.abs(truth - mean);
      const lastError = Math.abs(truth - numberIn(before, numberSpan(before, tokens)));
      const scale = Math.max(error, lastError, (upper - lower) / 2);
      if (!Number.isFinite(scale)) continue;
      this.#numbers++;
      if (scale === 0) continue;
      this.#predicted += error / scale;
      this.#last += lastError / scale;
    }
  }
}

/** Null: what is stored cannot be read. That is the state's affair; here it teaches nothing. */
function headOf(key: ByteString, stored: ByteString): ReturnType<typeof predictionOf> | null {
  try {
    return predictionOf(key, stored);
  } catch (error) {
    if (error instanceof TanistError) return null;
    throw error;
  }
}

function opened(key: ByteString, stored: ByteString): Prediction | null {
  const head = headOf(key, stored);
  return head === null ? null : openPrediction(head);
}
