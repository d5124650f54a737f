import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import { maxStepMs } from '../../state/state-machine.ts';
import { OffsetWindow } from '../loop/offset-window.ts';

/**
 * Cluster time as it would be had it gone on with the clock: of blocks it takes no larger step than 2 s each, so that after a pause it is behind, but
 * what is forecast moves on with the world.
 */
export class Steady {
  readonly #clock: Clock;
  readonly #offset = new OffsetWindow();
  #newestMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Something of this moment of cluster time is here now; things arrive late, never early. What the log of a leader that died still held arrives as late as
   * the election of the next one took, and says nothing of the time.
   */
  saw(timeMs: number): void {
    const nowMs = this.#clock.nowMs();
    const offsetMs = timeMs - nowMs;
    const isLater = offsetMs < (this.#offset.offsetMs ?? offsetMs) - jumpMs;
    const stoodStill = timeMs - this.#newestMs >= maxStepMs || mutant.active === 'late-changes-set-time-back';
    this.#newestMs = timeMs;
    if (isLater && stoodStill) this.#offset.forget();
    this.#offset.measured(offsetMs, nowMs);
  }

  /** Of what was seen; −∞: nothing was. */
  get newestMs(): number {
    return this.#newestMs;
  }

  /** What comes from now on is of another past, with a time of its own. */
  replaced(): void {
    this.#newestMs = Number.NEGATIVE_INFINITY;
    this.#offset.forget();
  }

  /** −∞ before anything was seen. */
  nowMs(): number {
    return (this.#offset.offsetMs ?? Number.NEGATIVE_INFINITY) + this.#clock.nowMs();
  }
}

const jumpMs = 1000;
