import type { Load } from './closed-loop.ts';
import { Latencies, type LoadResult } from './latencies.ts';

export interface PacedLoad extends Load {
  /** Operations that fall due. */
  readonly perSecond: number;
}

/**
 * Starts an operation whenever one is due, whether or not earlier ones are answered, with `inFlight` under way at most; ends when all that
 * fell due are answered. An operation's time counts from when it was due, so that a standstill shows in all that it held up (Tene, How NOT to
 * Measure Latency).
 */
export async function pacedLoop(
  load: PacedLoad,
  operation: (sequence: number) => Promise<unknown>,
): Promise<LoadResult> {
  const latencies = new Latencies();
  const beganMs = performance.now();
  const countFromMs = beganMs + load.warmUpSeconds * 1000;
  const untilMs = countFromMs + load.seconds * 1000;
  const dueMs = (sequence: number): number => beganMs + (sequence * 1000) / load.perSecond;
  await new Promise<void>((resolve) => {
    let sequence = 0;
    let running = 0;
    const settled = (): void => {
      running--;
      startDue();
    };
    const startDue = (): void => {
      const nowMs = performance.now();
      const dueBeforeMs = Math.min(nowMs, untilMs);
      while (running < load.inFlight && dueMs(sequence) < dueBeforeMs) start(sequence++);
      if (nowMs < untilMs || dueMs(sequence) < untilMs || running > 0) return;
      clearInterval(timer);
      resolve();
    };
    const start = (number: number): void => {
      running++;
      operation(number).then(
        () => {
          if (dueMs(number) >= countFromMs) latencies.record(performance.now() - dueMs(number));
          settled();
        },
        () => {
          latencies.failed();
          settled();
        },
      );
    };
    const timer = setInterval(startDue, 1);
  });
  return latencies.over(load.seconds);
}
