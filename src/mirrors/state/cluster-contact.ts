import { TanistError } from '../../foundation/errors.ts';
import type { Clock, Timer } from '../../ports/clock.ts';

const lookMs = 100;

/**
 * Whether the cluster can be reached. One that is slow to answer still sends deltas, and somebody's look may be under way: who asks the origin past it then is
 * one of a stampede. It counts as lost where no deltas are followed, or nothing at all was heard for `silentMs` while a call waited.
 */
export class ClusterContact {
  readonly #clock: Clock;
  readonly #silentMs: number;
  #heardMs = Number.NEGATIVE_INFINITY;
  /** Since when no call has been answered; null: the last one was. */
  #unansweredSinceMs: number | null = null;
  /** Whether deltas come. */
  following = false;

  constructor(clock: Clock, silentMs: number) {
    this.#clock = clock;
    this.#silentMs = silentMs;
  }

  /** A delta or an answer came. */
  heard(): void {
    this.#heardMs = this.#clock.nowMs();
    this.#unansweredSinceMs = null;
  }

  /** A call made at this moment has failed. */
  unanswered(sinceMs: number): void {
    this.#unansweredSinceMs ??= Math.max(sinceMs, this.#heardMs);
  }

  /** `atMostMs`: who has less time than that is not kept for longer. */
  isLost(atMostMs: number): boolean {
    if (!this.following) return true;
    if (this.#unansweredSinceMs === null) return false;
    return this.#clock.nowMs() - this.#unansweredSinceMs >= Math.min(this.#silentMs, atMostMs);
  }

  /** The call's answer; fails as `unavailable` when the cluster is lost before it comes. */
  unlessLost<Answer>(call: Promise<Answer>, atMostMs: number): Promise<Answer> {
    const sinceMs = this.#clock.nowMs();
    return new Promise((resolve, reject) => {
      let timer: Timer;
      const look = (): void => {
        this.unanswered(sinceMs);
        if (this.isLost(atMostMs)) reject(new TanistError('unavailable', 'the cluster cannot be reached'));
        else timer = this.#clock.after(lookMs, look);
      };
      timer = this.#clock.after(lookMs, look);
      call
        .catch((error: unknown) => {
          this.unanswered(sinceMs);
          throw error;
        })
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }
}
