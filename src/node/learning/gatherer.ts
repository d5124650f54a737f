import type { Clock } from '../../ports/clock.ts';
import { gatherCall, type StoreFigures } from '../../prediction/learning/calls.ts';
import type { RoundOptions } from '../../prediction/learning/options.ts';
import type { MetPredictions } from '../prediction/met-predictions.ts';
import type { Predictor } from '../prediction/predictor.ts';

const everyMs = 60_000;

export interface GathererParts {
  readonly predictor: Predictor;
  readonly clock: Clock;
  readonly met: Pick<MetPredictions, 'figures' | 'take'>;
  readonly memoryBytes: number;
  readonly options: Pick<RoundOptions, 'horizon' | 'shortest'>;
}

/** Has the worker note what there is to learn from, on every replica: whoever leads next has it. */
export class Gatherer {
  readonly #parts: GathererParts;
  #figures: StoreFigures = { series: 0, leftOut: 0, bytes: 0 };
  #underWay: Promise<void> | null = null;
  #atMs = 0;

  constructor(parts: GathererParts) {
    this.#parts = parts;
  }

  get figures(): StoreFigures & { readonly shown: number } {
    return { ...this.#figures, shown: this.#parts.met.figures.count };
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#atMs;
  }

  /** One at a time: who asks meanwhile waits for the one under way. Fails as calls of the worker do. */
  gather(): Promise<void> {
    this.#underWay ??= this.#gather().finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  async #gather(): Promise<void> {
    const { predictor, clock, met, memoryBytes, options } = this.#parts;
    this.#atMs = clock.nowMs() + everyMs;
    this.#figures = await predictor.call(gatherCall, { memoryBytes, shown: met.take(), options });
  }
}
