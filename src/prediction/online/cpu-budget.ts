/** At most so long a burst, in seconds of the share. */
const burstSeconds = 2;

/** Lets somebody compute for a part of one core: what was not used may be used soon after, what was overdrawn is waited for. */
export class CpuBudget {
  readonly #nowMs: () => number;
  readonly #cpuMs: () => number;
  /** Full at the start. */
  #leftMs = Number.POSITIVE_INFINITY;
  #atMs: number;
  #usedMs = 0;

  /**
   * `cpuMs`: CPU time of the process. Of the time that passes while somebody computes no more counts than the process had: on a loaded machine the rest
   * is others'.
   */
  constructor(nowMs: () => number, cpuMs: () => number) {
    this.#nowMs = nowMs;
    this.#cpuMs = cpuMs;
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

  /** Begins to use it; the result ends that, and says how much it was, ms. */
  begin(): () => number {
    const beganMs = this.#nowMs();
    const hadMs = this.#cpuMs();
    return () => {
      const tookMs = Math.min(this.#nowMs() - beganMs, this.#cpuMs() - hadMs);
      this.#leftMs -= tookMs;
      this.#usedMs += tookMs;
      return tookMs;
    };
  }
}
