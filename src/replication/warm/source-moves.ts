import type { NodeId } from '../../foundation/ids.ts';
import { type Advantage, betterSource, type SourceOffer } from '../choose-source.ts';
import { Backoff } from '../promotion/backoff.ts';

export interface MoveTiming {
  /** Between two looks at what others offer, while the source works. */
  readonly lookEveryMs: number;
  /** For so long the source has to lead before it is left. */
  readonly leadsForMs: number;
  /** For so long another one has to be clearly nearer, at every look. */
  readonly nearerForMs: number;
  /** After a move that brought nothing, doubling. */
  readonly longestMoveRetryMs: number;
}

export const defaultMoveTiming: MoveTiming = {
  lookEveryMs: 30_000,
  leadsForMs: 2000,
  nearerForMs: 60_000,
  longestMoveRetryMs: 1_800_000,
};

/** When a replica leaves a source that works for a better one. Time is handed in. */
export class SourceMoves {
  readonly #timing: MoveTiming;
  readonly #backoff: Backoff;
  #lookAtMs = 0;
  #isLed = false;
  /** What has spoken for a move at every look since. */
  #wish: { readonly why: Advantage; readonly sinceMs: number } | null = null;

  constructor(timing: MoveTiming) {
    this.#timing = timing;
    this.#backoff = new Backoff(timing.lookEveryMs, timing.longestMoveRetryMs);
  }

  /** A source is followed from now on. */
  begun(nowMs: number): void {
    this.#lookAtMs = nowMs + this.#timing.lookEveryMs;
    this.#isLed = false;
    this.#wish = null;
  }

  /** A move has ended, having brought something or not. */
  ended(isGood: boolean, nowMs: number): void {
    if (isGood) this.#backoff.over();
    else this.#backoff.failed(nowMs);
  }

  /** `leads`: the source, as far as it is known without asking; news of it is looked into soon. */
  isDue(leads: boolean, nowMs: number): boolean {
    if (leads && !this.#isLed) this.#lookAtMs = Math.min(this.#lookAtMs, nowMs);
    this.#isLed = leads;
    return nowMs >= this.#lookAtMs && this.#backoff.isDue(nowMs);
  }

  /** Whom to move to now, by a look; null: nobody. */
  looked(
    offers: readonly SourceOffer[],
    present: NodeId,
    failedLately: ReadonlySet<NodeId>,
    nowMs: number,
  ): SourceOffer | null {
    const { lookEveryMs, leadsForMs, nearerForMs } = this.#timing;
    const better = betterSource(offers, present, failedLately);
    this.#lookAtMs = nowMs + lookEveryMs;
    if (better === null) {
      this.#wish = null;
      return null;
    }
    const { offer, why } = better;
    if (this.#wish?.why !== why) this.#wish = { why, sinceMs: nowMs };
    const mustLastMs = why === 'follows' ? leadsForMs : nearerForMs;
    const dueMs = this.#wish.sinceMs + mustLastMs;
    this.#lookAtMs = Math.min(this.#lookAtMs, Math.max(dueMs, nowMs));
    return nowMs >= dueMs ? offer : null;
  }
}
