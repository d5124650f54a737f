const samplesKept = 16;
const mostWriters = 10_000;

/**
 * How far the calendars of other processes are from ours: what they stamped against when it arrived, of live deltas. A delta takes no negative time, so
 * the least difference of the last ones is taken for the skew (Cristian's algorithm without the round trip).
 */
export class WriterClocks {
  readonly #samples = new Map<string, number[]>();

  arrived(writer: string, stampMs: number, nowMs: number): void {
    const samples = this.#samples.get(writer) ?? [];
    samples.push(nowMs - stampMs);
    if (samples.length > samplesKept) samples.shift();
    if (this.#samples.size >= mostWriters) this.#samples.clear();
    this.#samples.set(writer, samples);
  }

  knows(writer: string): boolean {
    return this.#samples.has(writer);
  }

  /** What to add to a stamp of this writer to have it in our calendar. */
  skewMs(writer: string): number {
    const samples = this.#samples.get(writer);
    return samples === undefined ? 0 : Math.min(...samples);
  }
}
