/** At most so long a burst, in seconds of the share. */
const burstSeconds = 2;

/** Lets somebody compute for a part of one core: what was not used may be used soon after, what was overdrawn is waited for. */
export class CpuBudget {
  readonly #nowMs: () => number;
  /** Full at the start. */
  #leftMs = Number.POSITIVE_INFINITY;
  #atMs: number;
  #usedMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#atMs = nowMs();
  }

  get usedMs(): number {
    return this.#usedMs;
  }

  /** What may be used now, ms. `share`: part of one core. */
  left(share: number): number {
    const nowMs = this.#nowMs();
    this.#leftMs = Math.min(burstSeconds * 1000 * share, this.#leftMs + (nowMs - this.#atMs) * share);
    this.#atMs = nowMs;
    return this.#leftMs;
  }

  /** Begins to use it; the result ends that. */
  begin(): () => void {
    const beganMs = this.#nowMs();
    return () => {
      const tookMs = this.#nowMs() - beganMs;
      this.#leftMs -= tookMs;
      this.#usedMs += tookMs;
    };
  }
}
