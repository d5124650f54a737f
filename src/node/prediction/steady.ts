import type { Clock } from '../../ports/clock.ts';

/**
 * Cluster time as it would be had it gone on with the clock: of blocks it takes no larger step than 2 s each, so that after a pause it is behind, but
 * what is forecast moves on with the world.
 */
export class Steady {
  readonly #clock: Clock;
  #offsetMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something of this moment of cluster time is here now; things arrive late, never early. */
  saw(timeMs: number): void {
    const offsetMs = timeMs - this.#clock.nowMs();
    // Later than ever by far: the time stood still, or is another lineage's.
    if (offsetMs > this.#offsetMs || offsetMs < this.#offsetMs - jumpMs) this.#offsetMs = offsetMs;
  }

  /** −∞ before anything was seen. */
  nowMs(): number {
    return this.#offsetMs + this.#clock.nowMs();
  }
}

const jumpMs = 1000;
