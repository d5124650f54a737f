/** The rate counts as the path's, not the sender's, when so much went in one interval even though nothing waits. */
const muchBytes = 1024 * 1024;
const windowMs = 60_000;

/**
 * How much the path to a peer takes, from what is sent anyway: the bytes between two pings over the time between their echoes (delivery rate as in
 * BBR, Cardwell et al. 2016). Most of the time the sender has less to send than the path would take; such samples only count when they are
 * higher. The largest of the last one to two minutes.
 */
export class DeliveryRate {
  #sentBytes = 0;
  #pingAtBytes = 0;
  #echoed: { readonly atMs: number; readonly bytes: number } | null = null;
  #largest = 0;
  #largestBefore = 0;
  #windowFromMs = Number.NEGATIVE_INFINITY;

  sent(bytes: number): void {
    this.#sentBytes += bytes;
  }

  /** A ping left after all that was sent so far. */
  pinged(): void {
    this.#pingAtBytes = this.#sentBytes;
  }

  /** Its echo came; `waiting`: more is queued, so the path was the bound. */
  echoed(nowMs: number, waiting: boolean): void {
    const before = this.#echoed;
    this.#echoed = { atMs: nowMs, bytes: this.#pingAtBytes };
    if (before === null || nowMs <= before.atMs) return;
    const bytes = this.#pingAtBytes - before.bytes;
    const perSecond = (bytes / (nowMs - before.atMs)) * 1000;
    if (nowMs - this.#windowFromMs >= windowMs) {
      this.#largestBefore = nowMs - this.#windowFromMs >= 2 * windowMs ? 0 : this.#largest;
      this.#largest = 0;
      this.#windowFromMs = nowMs;
    }
    if (waiting || bytes >= muchBytes) this.#largest = Math.max(this.#largest, perSecond);
  }

  /** A new connection. */
  reset(): void {
    this.#echoed = null;
  }

  /** Null: nothing was sent lately that says anything. */
  get bytesPerSecond(): number | null {
    const largest = Math.max(this.#largest, this.#largestBefore);
    return largest === 0 ? null : largest;
  }
}
