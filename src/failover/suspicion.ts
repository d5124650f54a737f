import { ArrivalWindow } from './arrival-window.ts';
import { deviationsOf, normalTail } from './normal-tail.ts';
import type { SuspicionOptions } from './options.ts';

const leniencyStep = 1.5;
const leniencyHalfLifeMs = 120_000;

/** Silence no longer than this many times the longest gap is nothing new; beyond twice the floor the longest gap says no more. */
const overLongest = 2;
const mostFloors = 2;
const longestHalfLifeMs = 30_000;

const faded = (value: number, ageMs: number, halfLifeMs: number): number =>
  value * 0.5 ** (Math.max(0, ageMs) / halfLifeMs);

/**
 * Phi-accrual failure detection of one peer (Hayashibara et al. 2004, "The φ accrual failure detector"): the longer its silence against
 * the distribution of its measured gaps, the higher φ. A sample is the longest gap of a heartbeat period, so that a busy stream
 * of messages does not teach that gaps are short. Floor and ceiling bound what the measurements may say.
 */
export class Suspicion {
  readonly #options: SuspicionOptions;
  readonly #gaps: ArrivalWindow;
  readonly #deviations: number;
  #heardAtMs: number;
  #periodStartMs: number;
  #longestGapMs = 0;
  /** The longest gap of late, as of `#longestAtMs`: bad moments of a busy machine come once in many seconds, so it outlives the window. */
  #longestLatelyMs = 0;
  #longestAtMs = 0;
  #graceUntilMs = Number.NEGATIVE_INFINITY;
  /** By how much more silence is allowed, of late: 1 where no suspicion proved wrong. */
  #leniency = 1;
  #refutedAtMs = 0;
  /** The gap in progress contains a stall of our own: it says nothing about the peer. */
  #gapTainted = false;

  /** Begins as if the peer had just been heard. */
  constructor(options: SuspicionOptions, nowMs: number) {
    this.#options = options;
    this.#gaps = new ArrivalWindow(options.window);
    this.#deviations = deviationsOf(options.phi);
    this.#heardAtMs = nowMs;
    this.#periodStartMs = nowMs;
  }

  heard(nowMs: number): void {
    if (nowMs <= this.#heardAtMs) return;
    // Silence beyond the ceiling is judged; if it was not, this node itself stood still and has not noticed yet.
    const stoodStill = nowMs - this.#heardAtMs > this.#options.ceilingMs;
    if (this.#gapTainted || stoodStill) {
      this.#gapTainted = false;
      this.#periodStartMs = nowMs;
      this.#longestGapMs = 0;
    } else {
      this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#heardAtMs);
      if (nowMs - this.#periodStartMs >= this.#options.heartbeatMs / 2) {
        this.#learn(this.#longestGapMs, nowMs);
        this.#periodStartMs = nowMs;
        this.#longestGapMs = 0;
      }
    }
    this.#heardAtMs = nowMs;
  }

  #learn(gapMs: number, nowMs: number): void {
    this.#gaps.add(gapMs);
    const longestMs = Math.min(gapMs, (mostFloors * this.#options.floorMs) / overLongest);
    if (longestMs < faded(this.#longestLatelyMs, nowMs - this.#longestAtMs, longestHalfLifeMs)) return;
    this.#longestLatelyMs = longestMs;
    this.#longestAtMs = nowMs;
  }

  /** The peer starts anew (a new leader, a new connection after a death): its silence counts from now. What was learnt stays. */
  restart(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#periodStartMs = nowMs;
    this.#longestGapMs = 0;
    this.#gapTainted = false;
  }

  /** This node's own event loop stood still for `gapMs` until now: what peers said waits unread, so nobody is judged yet. */
  stalled(nowMs: number, gapMs: number): void {
    if (gapMs <= 0) return;
    this.#gapTainted = true;
    this.#graceUntilMs = nowMs + this.#options.stallGraceMs;
  }

  /**
   * A suspicion for silence was wrong: the peer was alive. Gaps on an overloaded machine are no normal distribution, so more is allowed for a while,
   * each time again, up to the ceiling (Chandra and Toueg 1996: a timeout that grows with each mistake is right in the end).
   */
  refuted(nowMs: number): void {
    const { floorMs, ceilingMs } = this.#options;
    this.#leniency = Math.min(ceilingMs / floorMs, this.#lenient() * leniencyStep);
    this.#refutedAtMs = nowMs;
  }

  /** As it has faded until the peer was last heard. */
  #lenient(): number {
    return 1 + faded(this.#leniency - 1, this.#heardAtMs - this.#refutedAtMs, leniencyHalfLifeMs);
  }

  silentSince(): number {
    return this.#heardAtMs;
  }

  /**
   * Silence shorter than this is never suspicious, whoever else is suspicious: the floor, or on a loaded machine more than the longest gap
   * that was seen lately, but no more than twice the floor, lest one bad moment make the next failover slow. After wrong suspicions, more.
   */
  leastMs(): number {
    const { floorMs, ceilingMs } = this.#options;
    const longestMs = faded(this.#longestLatelyMs, this.#heardAtMs - this.#longestAtMs, longestHalfLifeMs);
    return Math.min(ceilingMs, Math.max(floorMs, overLongest * longestMs) * this.#lenient());
  }

  /** How much silence the measurements allow, within floor and ceiling; the ceiling until enough is measured: young processes are slow ones. */
  patienceMs(): number {
    if (this.#gaps.count < this.#options.leastSamples) return this.#options.ceilingMs;
    const measured = this.#gaps.mean + this.#deviations * this.#gaps.deviation;
    return Math.min(this.#options.ceilingMs, Math.max(this.leastMs(), measured * this.#lenient()));
  }

  /** −log10 of the probability that a living peer is silent for as long as this one is now. For display; `verdict` decides. */
  phi(nowMs: number): number {
    const silence = nowMs - this.#heardAtMs;
    const deviation = this.#gaps.deviation;
    if (deviation === 0) return silence > this.#gaps.mean ? Number.POSITIVE_INFINITY : 0;
    const tail = normalTail((silence - this.#gaps.mean) / deviation);
    return tail === 0 ? Number.POSITIVE_INFINITY : -Math.log10(tail);
  }

  /** When `verdict` will turn to `suspected` if nothing is heard until then. */
  suspectAtMs(): number {
    return Math.max(this.#heardAtMs + this.patienceMs(), this.#graceUntilMs);
  }

  /** Nobody is judged before this. */
  graceUntilMs(): number {
    return this.#graceUntilMs;
  }

  verdict(nowMs: number): 'alive' | 'suspected' {
    return nowMs >= this.suspectAtMs() ? 'suspected' : 'alive';
  }
}
