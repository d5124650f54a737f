import { clusterTimeMs } from '../../foundation/ids.ts';
import type { Prediction, PredictionSource } from '../../ports/prediction.ts';
import type { BeyondRuntime } from '../../replication/promotion/runtimes.ts';

/**
 * What a replica beyond the quorum had predicted when it was paused to become the beginning of another lineage: the hot node that it becomes knows no past to
 * predict from, and has these instead, for its first block.
 */
export class CarriedPredictions {
  #predictions: readonly Prediction[] = [];

  /** The same replica, whose predictions are kept when it is paused. */
  from(runtime: BeyondRuntime, prediction: PredictionSource | null): BeyondRuntime {
    if (prediction === null) return runtime;
    return {
      kind: 'beyond',
      said: () => runtime.said(),
      sources: (members) => runtime.sources(members),
      isWhole: () => runtime.isWhole(),
      pin: () => runtime.pin(),
      pause: () => {
        this.#predictions = prediction.preApply(clusterTimeMs(0));
        return runtime.pause();
      },
      resume: () => runtime.resume(),
      stop: () => runtime.stop(),
    };
  }

  /** For the hot node that begins now; they are brought once. */
  take(): PredictionSource {
    let left = this.#predictions;
    this.#predictions = [];
    return {
      preApply(nowMs) {
        const ready = left.filter(({ validUntilMs }) => validUntilMs >= nowMs);
        left = [];
        return ready;
      },
    };
  }
}
