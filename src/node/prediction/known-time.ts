import type { Clock } from '../../ports/clock.ts';
import type { Steady } from './steady.ts';

export interface KnownTimeParts {
  readonly clock: Clock;
  readonly steady: Steady;
  /** How long ago everything that was committed was known here; null: that is not known. Absent: it never is. */
  readonly silentMs?: () => number | null;
}

/** From the moment on at which a promotion asks: who wrote to the leader before needs time to find the new one. */
const holdMs = 5000;

/**
 * Until when in cluster time a key that did not change here did not change at all: the newest change of any key, and on as long as the leader is heard. What
 * passes between the end of a leader and the first writes to the next one says nothing of whether a key would have changed.
 */
export class KnownTime {
  readonly #parts: KnownTimeParts;
  #heardMs = Number.NEGATIVE_INFINITY;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(parts: KnownTimeParts) {
    this.#parts = parts;
  }

  /** −∞: nothing was seen. */
  get ms(): number {
    return Math.max(this.#heardMs, this.#parts.steady.newestMs);
  }

  /** Now and then. */
  look(): void {
    const { clock, steady, silentMs } = this.#parts;
    const silent = clock.nowMs() < this.#notBeforeMs ? null : (silentMs?.() ?? null);
    if (silent !== null) this.#heardMs = Math.max(this.#heardMs, steady.nowMs() - silent);
  }

  promotes(): void {
    this.#notBeforeMs = this.#parts.clock.nowMs() + holdMs;
  }

  /** What comes from now on is of another past. */
  replaced(): void {
    this.#heardMs = Number.NEGATIVE_INFINITY;
  }
}
