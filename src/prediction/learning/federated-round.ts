import { TanistError } from '../../foundation/errors.ts';
import { type Contribution, type ContributionLimits, checkContribution } from './contribution.ts';

export interface FederatedRules {
  /** Contributions that a round waits for. */
  readonly wanted: number;
  /** After so long it makes do with what it has, ms; 0: it waits. */
  readonly waitMs: number;
}

/** The version that contributions are to be made to. */
export interface ContributionBase {
  readonly name: string;
  readonly hash: string;
  readonly weights: number;
}

/**
 * The contributions to one version, one from each contributor, in the memory of the leader alone. Bounded in number and bytes; a new version, or another
 * leader, begins a new round, and what was contributed to the old one counts for nothing.
 */
export class FederatedRound {
  readonly base: ContributionBase;
  readonly #limits: ContributionLimits;
  readonly #byContributor = new Map<string, Contribution>();
  #bytes = 0;
  #firstMs: number | null = null;

  constructor(base: ContributionBase, limits: ContributionLimits) {
    this.base = base;
    this.#limits = limits;
  }

  get size(): number {
    return this.#byContributor.size;
  }

  /** When the first of them came; null: there is none. */
  get firstMs(): number | null {
    return this.#firstMs;
  }

  /** In the order in which they came. */
  get contributions(): readonly Contribution[] {
    return [...this.#byContributor.values()];
  }

  /** Errors: those of `checkContribution`; `model-missing`, `model-unknown`, `already-contributed`, `overloaded`. */
  offer(given: Contribution, nowMs: number): void {
    const { base } = this;
    if (given.model !== base.name)
      throw new TanistError(
        'model-missing',
        `there is no model '${given.model}' to contribute to; there is '${base.name}'`,
      );
    if (given.base !== base.hash)
      throw new TanistError(
        'model-unknown',
        `the update was made to version ${given.base.slice(0, 12)}, the present one is ${base.hash.slice(0, 12)}; get the model again and train that`,
      );
    checkContribution(given, base.weights, this.#limits);
    if (this.#byContributor.has(given.contributor))
      throw new TanistError(
        'already-contributed',
        `${given.contributor} has contributed to this version; wait for the next one`,
      );
    const bytes = 4 * given.delta.length;
    if (this.size >= this.#limits.most || this.#bytes + bytes > this.#limits.bytes)
      throw new TanistError(
        'overloaded',
        `this round has its ${this.size} contributions; wait for the next version`,
      );
    this.#byContributor.set(given.contributor, given);
    this.#bytes += bytes;
    this.#firstMs ??= nowMs;
  }

  /** Whether they are to be averaged now. */
  isDue(nowMs: number, { wanted, waitMs }: FederatedRules): boolean {
    if (this.size === 0 || this.#firstMs === null) return false;
    return this.size >= wanted || (waitMs > 0 && nowMs - this.#firstMs >= waitMs);
  }
}
