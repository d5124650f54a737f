import { type ClusterTimeMs, clusterTimeMs, type Term } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import { maxStepMs } from '../../state/state-machine.ts';
import { OffsetWindow } from './offset-window.ts';

/**
 * Stamps blocks with cluster time (promise 9). Every replica remembers how far the stamps it saw were ahead of its own monotonic
 * clock, so that whoever leads next goes on from there: a failover neither shortens nor resets a time-to-live, and a calendar
 * that jumps is no matter. The calendar is read once, for the very first stamp of a cluster.
 *
 * A follower: stamps arrive late, never early, so the largest offset of the last seconds is the truest; but where it falls steadily, the leader's clock is the slower one, and the
 * next leader goes on from the newest stamp, as if that had come as quickly as the quickest (`OffsetWindow`): were time taken forward to where the follower's own clock would have it, leases
 * renewed just before would end early. A leader: the offset it had when it was elected; its own blocks
 * teach it only how late they are, and so do those of earlier leaders that it applies while it leads: if they moved its time back, it would stand still before the log's last
 * stamp, and those who follow it would not know. But it never stamps a block with less than the log's last one has: where it is behind, it goes on from there. So what a block
 * says is what it brings the state to, on every replica, whenever each comes to apply it, and nobody measures the leader's time as further than it is.
 *
 * A follower learns a leader's offset when it gets the leader's blocks (`heard`), not only when they are applied: one that leads with blocks in its log that are
 * committed with its own first one must go on from the time by which leases were granted and renewed in them, even if its own measure of the time is
 * the truer one.
 *
 * Where no block was committed for longer than the step, cluster time stood still for the rest: the offset moves back by it. To make up for
 * it in several blocks would end leases early that were granted or renewed in the first of them.
 */
export class ClusterClock {
  readonly #clock: Clock;
  readonly #offset = new OffsetWindow();
  #term = 0;
  #leads: Term | null = null;
  /** The state's time; 0 before the first block. */
  #stateMs = 0;
  /** The newest stamp in the log that came from another leader. */
  #heardMs = 0;
  /** The newest stamp in the offset. */
  #measuredMs = 0;
  readonly #loggedMs: () => number;

  /** `loggedMs`: the stamp of the log's last block, where that is not applied yet; 0: all are. */
  constructor(clock: Clock, loggedMs: () => number) {
    this.#clock = clock;
    this.#loggedMs = loggedMs;
  }

  /** False: no stamp was seen yet; there may be some in the log that are not applied. */
  get knowsTime(): boolean {
    return !this.#offset.isEmpty;
  }

  /** From now on this node stamps the blocks of `term`; null: it does not lead. */
  leads(term: Term | null): void {
    this.#leads = term;
  }

  /**
   * The state's time after the block of a leader of `term` was applied. Only the newest leader's stamps count: each goes on a little
   * behind the one before, and whoever led earlier must not take the time forward again when it leads anew.
   */
  saw(timeMs: ClusterTimeMs, term: Term): void {
    const stoodStill = this.#stateMs > 0 && timeMs - this.#stateMs >= maxStepMs;
    this.#stateMs = timeMs;
    if (term === this.#leads) this.#term = term;
    else if (this.#learns(term) && !this.#isMeasured(timeMs, term)) this.#measured(timeMs, term, stoodStill);
  }

  /** Whether a block of that term, applied now, may move this node's time. */
  #learns(term: Term): boolean {
    if (term < this.#term) return false;
    return this.#leads === null || !this.knowsTime || mutant.active === 'leader-learns-from-old-blocks';
  }

  /** A block with this stamp came from the leader of `term` and is in the log: not committed yet, but of that leader. */
  heard(timeMs: ClusterTimeMs, term: Term): void {
    const stoodStill = timeMs - Math.max(this.#stateMs, this.#heardMs) >= maxStepMs;
    this.#heardMs = timeMs;
    if (term === this.#leads || this.#stateMs === 0 || mutant.active === 'time-heard-when-applied') return;
    if (term >= this.#term) this.#measured(timeMs, term, stoodStill);
  }

  /** What was heard is applied later, and that late it says nothing new. */
  #isMeasured(timeMs: ClusterTimeMs, term: Term): boolean {
    return term === this.#term && timeMs <= this.#measuredMs;
  }

  #measured(timeMs: ClusterTimeMs, term: Term, stoodStill: boolean): void {
    if (term > this.#term || stoodStill) {
      this.#term = term;
      this.#offset.forget();
    }
    this.#measuredMs = timeMs;
    const nowMs = this.#clock.nowMs();
    this.#offset.measured(timeMs - nowMs, nowMs);
  }

  /** What a block stamped now would bring the state to. Whole ms, ≥ 1. */
  now(): ClusterTimeMs {
    return clusterTimeMs(this.#bounded(this.#wanted()));
  }

  /** The time a leader puts into the block that it appends to the log as it is. Whole ms, ≥ 1. */
  stamp(): ClusterTimeMs {
    const wantedMs = this.#wanted();
    const stampMs = this.#bounded(wantedMs);
    const nowMs = this.#clock.nowMs();
    if (!this.knowsTime || wantedMs !== stampMs) this.#offset.set(stampMs - nowMs, nowMs);
    return clusterTimeMs(stampMs);
  }

  #wanted(): number {
    const calendarMs = Math.max(1, Math.floor(this.#clock.wallMs()));
    const { offsetMs } = this.#offset;
    if (mutant.active === 'lease-by-local-clock' || offsetMs === null) return calendarMs;
    return Math.max(1, Math.floor(this.#clock.nowMs() + offsetMs));
  }

  /** Not before the last block, and no larger a step after it than the state takes; the very first stamp is free. */
  #bounded(wantedMs: number): number {
    const lastMs = Math.max(this.#stateMs, mutant.active === 'stamp-behind-the-log' ? 0 : this.#loggedMs());
    return lastMs === 0 ? wantedMs : Math.max(lastMs, Math.min(wantedMs, lastMs + maxStepMs));
  }
}
