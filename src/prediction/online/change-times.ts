import { learnedChanges } from '../occurrence/next-change.ts';

/** What is remembered of when a key changed. */
export const mostChanges = 128;
/** So many say something of the next one. */
const leastChanges = 24;
/** Numbers of changes at which more can be said than before. */
const growth = [leastChanges, 48, mostChanges] as const;
/** It takes about 2 ms: of a key that changes often every now and then, of others at each change. */
export const learnEveryMs = 300_000;

/**
 * When a key changed, and from that when it will change next: how likely it is that so long after a change there was another one, in half steps of its series.
 * Between two lessons what was learned holds from each change on.
 */
export class ChangeTimes {
  readonly #times = new Float64Array(mostChanges);
  #count = 0;
  #next = 0;
  #learned: { readonly atMs: number; readonly count: number; readonly stepMs: number } | null = null;
  #within: Float64Array | null = null;

  get lastMs(): number {
    return this.#count === 0 ? Number.NEGATIVE_INFINITY : this.#at(this.#count - 1);
  }

  /** In order of time; where it goes back, what was later is forgotten. Several of one moment are one. */
  changed(timeMs: number): void {
    if (!Number.isFinite(timeMs)) return;
    while (this.#count > 0 && this.lastMs >= timeMs) {
      this.#count--;
      this.#next = (this.#next + mostChanges - 1) % mostChanges;
    }
    this.#times[this.#next] = timeMs;
    this.#next = (this.#next + 1) % mostChanges;
    this.#count = Math.min(mostChanges, this.#count + 1);
  }

  /** Whether there is more to learn. */
  wants(stepMs: number): boolean {
    if (stepMs <= 0 || this.#count < leastChanges) return false;
    const learned = this.#learned;
    if (learned === null || learned.stepMs !== stepMs || this.lastMs < learned.atMs) return true;
    if (growth.some((each) => learned.count < each && this.#count >= each)) return true;
    return this.lastMs - learned.atMs >= learnEveryMs;
  }

  /** Takes about 2 ms. */
  learn(stepMs: number, horizon: number): void {
    const { lastMs } = this;
    const changes = Array.from({ length: this.#count }, (_, i) => [this.#at(i), this.#at(i)] as const);
    const next = learnedChanges(changes, lastMs)?.at(lastMs);
    this.#learned = { atMs: lastMs, count: this.#count, stepMs };
    let most = 0;
    this.#within =
      next === undefined
        ? null
        : Float64Array.from({ length: halfSteps(horizon) }, (_, i) => {
            most = Math.min(1, Math.max(most, next.within(((i + 1) * stepMs) / 2)));
            return most;
          });
  }

  /** Probability of another change within 1, 2, … half steps after one. Null: too little is known. */
  get within(): Float64Array | null {
    return this.#within;
  }

  #at(position: number): number {
    return this.#times[(this.#next + 2 * mostChanges - this.#count + position) % mostChanges] ?? Number.NaN;
  }
}

/** A step of the grid ends half a step after its moment. */
export function halfSteps(horizon: number): number {
  return 2 * horizon + 1;
}
