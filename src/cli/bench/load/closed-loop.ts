import { createHistogram } from 'node:perf_hooks';

export interface Load {
  readonly inFlight: number;
  readonly seconds: number;
  /** Before what counts. */
  readonly warmUpSeconds: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly operations: number;
  readonly failed: number;
}

/** Keeps `inFlight` operations under way: each answer starts the next. `operation` gets a running number. */
export async function closedLoop(
  load: Load,
  operation: (sequence: number) => Promise<unknown>,
): Promise<LoadResult> {
  // In microseconds, to three figures: its size doesn't grow with the run.
  const latencies = createHistogram({ figures: 3 });
  let sequence = 0;
  let failed = 0;
  const countFromMs = performance.now() + load.warmUpSeconds * 1000;
  const untilMs = countFromMs + load.seconds * 1000;
  await new Promise<void>((resolve) => {
    let running = load.inFlight;
    const next = (): void => {
      const startedMs = performance.now();
      if (startedMs >= untilMs) {
        if (--running === 0) resolve();
        return;
      }
      operation(sequence++).then(
        () => {
          const nowMs = performance.now();
          if (nowMs >= countFromMs && nowMs < untilMs)
            latencies.record(Math.max(1, Math.round((nowMs - startedMs) * 1000)));
          next();
        },
        () => {
          failed++;
          // Not at once: a refused operation must not become a busy loop.
          setTimeout(next, 10);
        },
      );
    };
    for (let i = 0; i < load.inFlight; i++) next();
  });
  const none = latencies.count === 0;
  return {
    perSecond: latencies.count / load.seconds,
    p50Ms: none ? Number.NaN : latencies.percentile(50) / 1000,
    p99Ms: none ? Number.NaN : latencies.percentile(99) / 1000,
    maxMs: none ? Number.NaN : latencies.max / 1000,
    operations: latencies.count,
    failed,
  };
}
