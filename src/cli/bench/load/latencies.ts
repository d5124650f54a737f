import { createHistogram } from 'node:perf_hooks';

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly operations: number;
  readonly failed: number;
}

/** What a load took, operation by operation; its size doesn't grow with the run. */
export class Latencies {
  /** In microseconds, to three figures. */
  readonly #histogram = createHistogram({ figures: 3 });
  #failed = 0;

  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1000)));
  }

  failed(): void {
    this.#failed++;
  }

  /** NaN for what no operation was recorded of. */
  over(seconds: number): LoadResult {
    const { count } = this.#histogram;
    const inMs = (microseconds: number): number => (count === 0 ? Number.NaN : microseconds / 1000);
    return {
      perSecond: count / seconds,
      p50Ms: inMs(this.#histogram.percentile(50)),
      p99Ms: inMs(this.#histogram.percentile(99)),
      maxMs: inMs(this.#histogram.max),
      operations: count,
      failed: this.#failed,
    };
  }
}
