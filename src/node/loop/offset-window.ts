const windowMs = 10_000;

/**
 * How far stamps are ahead of a clock: the largest offset of the last one to two windows counts. Stamps arrive late, never early, so the largest is the
 * truest, and an old one would let the drift between two clocks add up.
 */
export class OffsetWindow {
  #offsetMs: number | null = null;
  #previousMs: number | null = null;
  #endsMs = 0;

  /** Null: nothing was measured. */
  get offsetMs(): number | null {
    return this.#offsetMs === null ? null : Math.max(this.#offsetMs, this.#previousMs ?? this.#offsetMs);
  }

  measured(offsetMs: number, nowMs: number): void {
    if (nowMs >= this.#endsMs) {
      this.#previousMs = this.#offsetMs;
      this.#offsetMs = offsetMs;
      this.#endsMs = nowMs + windowMs;
    } else if (this.#offsetMs === null || offsetMs > this.#offsetMs) {
      this.#offsetMs = offsetMs;
    }
  }

  /** It is this, whatever was measured. */
  set(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    this.#previousMs = null;
  }

  /** What was measured is of another time. */
  forget(): void {
    this.#offsetMs = null;
    this.#previousMs = null;
    this.#endsMs = 0;
  }
}
