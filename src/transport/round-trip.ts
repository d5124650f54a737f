import { Durations } from '../foundation/durations.ts';

/** Pings and what they say: one under way at a time, the round-trip time smoothed as TCP does (RFC 6298: a gain of 1/8). */
export class RoundTrip {
  smoothedMs: number | null = null;
  /** etcd's buckets. */
  readonly times = new Durations(0.0001, 16);
  private number = 0;
  private sentMs = Number.NEGATIVE_INFINITY;
  private waiting = false;
  private progressMs = 0;

  /** The number to send as a ping now, 0 for none. */
  due(nowMs: number, intervalMs: number): number {
    if (this.waiting || nowMs - this.sentMs < intervalMs) return 0;
    this.waiting = true;
    this.sentMs = nowMs;
    this.number += 1;
    return this.number;
  }

  echoed(number: number, nowMs: number): void {
    if (!this.waiting || number !== this.number) return;
    this.waiting = false;
    const sampleMs = nowMs - this.sentMs;
    this.times.observe(sampleMs);
    this.smoothedMs =
      this.smoothedMs === null ? sampleMs : this.smoothedMs + (sampleMs - this.smoothedMs) / 8;
  }

  /** The connection took bytes: a ping may be waiting behind a large message. */
  progress(nowMs: number): void {
    this.progressMs = nowMs;
  }

  overdue(nowMs: number, limitMs: number): boolean {
    return this.waiting && nowMs - Math.max(this.sentMs, this.progressMs) > limitMs;
  }

  /** A new connection: what was under way is lost. */
  reset(): void {
    this.waiting = false;
    this.sentMs = Number.NEGATIVE_INFINITY;
  }
}
