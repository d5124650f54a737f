import { Latencies, type LoadResult } from './latencies.ts';

export interface Load {
  readonly inFlight: number;
  readonly seconds: number;
  /** Before what counts. */
  readonly warmUpSeconds: number;
}

/** Not at once: a refused operation must not become a busy loop. */
const afterFailureMs = 10;

/** Keeps `inFlight` operations under way: each answer starts the next. `operation` gets a running number. */
export async function closedLoop(
  load: Load,
  operation: (sequence: number) => Promise<unknown>,
): Promise<LoadResult> {
  const latencies = new Latencies();
  let sequence = 0;
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
          if (nowMs >= countFromMs && nowMs < untilMs) latencies.record(nowMs - startedMs);
          next();
        },
        () => {
          latencies.failed();
          setTimeout(next, afterFailureMs);
        },
      );
    };
    for (let i = 0; i < load.inFlight; i++) next();
  });
  return latencies.over(load.seconds);
}
