import { type ClusterTimeMs, clusterTimeMs, type Term } from '../foundation/ids.ts';
import { mutant } from '../foundation/mutants.ts';
import type { Clock } from '../ports/clock.ts';

const windowMs = 10_000;

/**
 * Stamps blocks with cluster time (promise 9). Every replica remembers how far the stamps it saw were ahead of its own monotonic
 * clock, so that whoever leads next goes on from there: a failover neither shortens nor resets a time-to-live, and a calendar
 * that jumps is no matter. The calendar is read once, for the very first stamp of a cluster.
 *
 * The largest offset of the last one to two windows counts: stamps arrive late, never early, so the largest is the truest, and an old one
 * would let the drift between two clocks add up.
 */
export class ClusterClock {
  readonly #clock: Clock;
  #offsetMs: number | null = null;
  #previousOffsetMs: number | null = null;
  #windowEndsMs = 0;
  #term = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The state's time after the block of a leader of `term` was applied. Only the newest leader's stamps count: each goes on a little
   * behind the one before, and whoever led earlier must not take the time forward again when it leads anew.
   */
  saw(timeMs: ClusterTimeMs, term: Term): void {
    if (term > this.#term) {
      this.#term = term;
      this.#offsetMs = null;
      this.#previousOffsetMs = null;
      this.#windowEndsMs = 0;
    }
    const nowMs = this.#clock.nowMs();
    const offsetMs = timeMs - nowMs;
    if (nowMs >= this.#windowEndsMs) {
      this.#previousOffsetMs = this.#offsetMs;
      this.#offsetMs = offsetMs;
      this.#windowEndsMs = nowMs + windowMs;
    } else if (this.#offsetMs === null || offsetMs > this.#offsetMs) {
      this.#offsetMs = offsetMs;
    }
  }

  /** The time a leader puts into its next block. Whole ms, ≥ 1. */
  stamp(): ClusterTimeMs {
    const calendarMs = Math.max(1, Math.floor(this.#clock.wallMs()));
    if (mutant.active === 'lease-by-local-clock' || this.#offsetMs === null) return clusterTimeMs(calendarMs);
    const offsetMs = Math.max(this.#offsetMs, this.#previousOffsetMs ?? this.#offsetMs);
    return clusterTimeMs(Math.max(1, Math.floor(this.#clock.nowMs() + offsetMs)));
  }
}
