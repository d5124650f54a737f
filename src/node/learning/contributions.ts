import { type Contribution, contributionLimits } from '../../prediction/learning/contribution.ts';
import { FederatedRound } from '../../prediction/learning/federated-round.ts';
import type { FederatedOptions } from './learning-options.ts';
import type { Version } from './model-record.ts';

/** What others contributed to the present version, in the memory of the leader. */
export class Contributions {
  readonly #options: FederatedOptions;
  #round: FederatedRound | null = null;

  constructor(options: FederatedOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#round?.size ?? 0;
  }

  /** Errors: those of `FederatedRound.offer`. Returns how many wait now. */
  offer(given: Contribution, { hash, model }: Version, nowMs: number): number {
    if (this.#round?.base.hash !== hash) {
      const limits = { ...contributionLimits, clip: this.#options.clip };
      this.#round = new FederatedRound({ name: model.name, hash, weights: model.weights.length }, limits);
    }
    this.#round.offer(given, nowMs);
    return this.#round.size;
  }

  /** Whether those to this version are to be averaged now; those to another are void. */
  isDue({ hash }: Version, nowMs: number): boolean {
    if (this.#round?.base.hash !== hash) this.#round = null;
    return this.#round?.isDue(nowMs, this.#options) === true;
  }

  /** Some wait for more of them: a round of the cluster's own would make them void. For so long at most they have the way. */
  haveTheWay(nowMs: number, mostMs: number): boolean {
    const sinceMs = this.#round?.firstMs ?? null;
    return sinceMs !== null && nowMs - sinceMs < Math.max(mostMs, this.#options.waitMs);
  }

  take(): readonly Contribution[] {
    const all = this.#round?.contributions ?? [];
    this.#round = null;
    return all;
  }

  /** They were to a leader that is none any more. */
  void(): void {
    this.#round = null;
  }
}
