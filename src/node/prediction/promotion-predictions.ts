import { type Clock, nextTurn } from '../../ports/clock.ts';
import type { Prediction, PredictionSource } from '../../ports/prediction.ts';
import type { KnownTime } from './known-time.ts';
import type { ReadyPredictions } from './ready-predictions.ts';
import type { TrackedKeys } from './tracked-keys.ts';

export interface PromotionPredictionsParts {
  readonly clock: Clock;
  readonly keys: Pick<TrackedKeys, 'values' | 'keyCount'>;
  readonly ready: ReadyPredictions;
  readonly known: KnownTime;
  /** Cluster time as it goes on with the clock. */
  readonly timeMs: () => number;
  /** Resolves once the table knows of all that was applied; null: nothing is known of what was applied before. */
  readonly catchUp: () => Promise<void> | null;
  readonly isClosed: () => boolean;
}

/** For making predictions, in one turn; and for those that are not ready at a promotion. */
const refreshMs = 1.5;
const promotionMs = 1;
/** Predictions that are waited for are made for so long at most, in turns of `refreshMs`. */
const prepareMs = 200;

/** What a new leader brings, and the work that keeps it ready. */
export class PromotionPredictions implements PredictionSource {
  readonly #parts: PromotionPredictionsParts;
  #preApplied = 0;
  /** Those are counted; a new leader asks more than once. */
  readonly #given = new WeakSet<Prediction>();

  constructor(parts: PromotionPredictionsParts) {
    this.#parts = parts;
  }

  /** Made for promotions since the start. */
  get preApplied(): number {
    return this.#preApplied;
  }

  /** What is expected now of the keys whose policy asks for it: made beforehand, so that it takes less than a millisecond for 1,000 keys. */
  preApply(nowMs: number): readonly Prediction[] {
    this.#parts.known.promotes();
    const predictions = this.rehearse(nowMs);
    for (const each of predictions) {
      if (!this.#given.has(each)) this.#preApplied++;
      this.#given.add(each);
    }
    return predictions;
  }

  rehearse(nowMs: number): readonly Prediction[] {
    const { clock, keys, ready, timeMs, isClosed } = this.#parts;
    if (isClosed() || keys.keyCount === 0) return [];
    const untilMs = clock.nowMs() + promotionMs;
    return ready.collect(keys.values(), Math.max(nowMs, timeMs()), () => clock.nowMs() < untilMs);
  }

  /** Everything that was applied goes to the predictor now, not with the next batch; then all predictions are made of what it answers. */
  async caughtUp(atMs: () => number): Promise<void> {
    const { clock, keys, ready, catchUp, isClosed } = this.#parts;
    const caught = isClosed() ? null : catchUp();
    if (caught === null) return;
    await caught;
    const momentMs = atMs();
    const lastMs = clock.nowMs() + prepareMs;
    for (let nowMs = clock.nowMs(); !isClosed() && nowMs < lastMs; nowMs = clock.nowMs()) {
      const untilMs = nowMs + refreshMs;
      if (ready.prepare(keys.values(), momentMs, () => clock.nowMs() < untilMs)) return;
      await nextTurn(clock);
    }
  }

  /** With each batch: makes what is outdated anew, a little at a time. */
  refresh(nowMs: number): void {
    const { clock, ready, timeMs } = this.#parts;
    const untilMs = nowMs + refreshMs;
    ready.refresh(timeMs(), () => clock.nowMs() < untilMs);
  }
}
