import type { ByteString } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { limits } from '../../foundation/limits.ts';
import type { StateDelta } from '../../ports/delta.ts';
import { isPredictable, type PredictedField } from '../../ports/prediction.ts';
import type { ShownOf } from '../../prediction/learning/window-store.ts';
import { openPrediction } from '../../protocol/parts/prediction.ts';
import { predictedKey, predictionOf } from '../../state/predicted/prediction-value.ts';

/** What waits to be told to the worker at most; the oldest goes first. */
const mostTold = 4096;

/**
 * What failovers showed: predictions that were applied for want of the truth, against the truth that was written afterwards. Pairs them from the changes
 * of the state, so every replica has them, whoever leads next.
 */
export class ShownPredictions {
  /** What the space `predicted` holds, by its keys; read when its truth comes. */
  readonly #open = new Map<ByteString, ByteString>();
  #met: ShownOf[] = [];
  #count = 0;

  /** Predictions that met their truth since the start. */
  get count(): number {
    return this.#count;
  }

  applied(deltas: readonly StateDelta[]): void {
    // The truth ends its prediction: both are in one batch, in whatever order.
    if (this.#open.size > 0) for (const delta of deltas) this.#truth(delta);
    for (const { space, op, key, value } of deltas) {
      if (space !== 'predicted') continue;
      if (op === 'delete') this.#open.delete(key);
      else if (this.#open.size < limits.predictions) this.#open.set(key, value);
    }
  }

  /** The state is another one. */
  clear(): void {
    this.#open.clear();
    this.#met = [];
  }

  /** Those met since the last call. */
  take(): readonly ShownOf[] {
    const met = this.#met;
    this.#met = [];
    return met;
  }

  #truth({ space, op, key, timeMs }: StateDelta): void {
    if (!isPredictable(space)) return;
    const at = predictedKey(space, key);
    const stored = this.#open.get(at);
    if (stored === undefined) return;
    this.#open.delete(at);
    if (op !== 'put') return;
    const fields = fieldsOf(at, stored);
    if (fields === null) return;
    this.#count++;
    for (const { pointer, mean } of fields)
      this.#met.push({ name: `${space}/${key}\n${pointer}`, momentMs: timeMs, predicted: mean });
    if (this.#met.length > mostTold) this.#met = this.#met.slice(-mostTold);
  }
}

/** Null: what is stored cannot be read. That is the state's affair; here it teaches nothing. */
function fieldsOf(key: ByteString, stored: ByteString): readonly PredictedField[] | null {
  try {
    return openPrediction(predictionOf(key, stored))?.fields ?? null;
  } catch (error) {
    if (error instanceof TanistError) return null;
    throw error;
  }
}
