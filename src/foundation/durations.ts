/** Durations counted by size, for a metrics page: plain numbers, cheap to add to. */
export class Durations {
  /** Upper bounds in seconds, ascending. */
  readonly bounds: readonly number[];
  /** How many were at most the bound and above the one before; the last: above all bounds. */
  readonly counts: number[];
  sumSeconds = 0;

  /** `buckets` bounds from `firstSeconds`, each twice the one before. */
  constructor(firstSeconds: number, buckets: number) {
    this.bounds = Array.from({ length: buckets }, (_, i) => firstSeconds * 2 ** i);
    this.counts = new Array<number>(buckets + 1).fill(0);
  }

  observe(milliseconds: number): void {
    const seconds = milliseconds / 1000;
    let i = 0;
    for (const bound of this.bounds) {
      if (seconds <= bound) break;
      i += 1;
    }
    this.counts[i] = (this.counts[i] ?? 0) + 1;
    this.sumSeconds += seconds;
  }
}
