import { closeSync, openSync, readSync } from 'node:fs';
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../../../../foundation/statistics.ts';

/** For how long a process's event loop did not get to its timers, ms: up to 1 ms more than it was held, since it is looked at once a ms. */
export interface Holds {
  readonly p99Ms: number;
  readonly longestMs: number;
  /** Of processor time: what the process itself did, without the garbage collection. */
  readonly longestOwnMs: number;
  readonly longestPauseMs: number;
  /** Off the processor: others had it. */
  readonly longestOffMs: number;
}

/** A look at the event loop, `gapMs` after the one before it; the thread ran for `ranMs` of that. */
export interface Look {
  readonly atMs: number;
  readonly gapMs: number;
  readonly ranMs: number;
}

export interface Pause {
  readonly atMs: number;
  readonly durationMs: number;
}

const everyMs = 1;
/** Until the last pauses are told of. */
const settleMs = 50;

/** The holds of this process's event loop while `act` is under way. */
export async function holdsDuring(act: () => Promise<void>): Promise<Holds> {
  const pauses: Pause[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      pauses.push({ atMs: startTime, durationMs: duration });
  });
  observer.observe({ entryTypes: ['gc'] });
  const run = openRunTime();
  const looks: Look[] = [];
  let lastMs = performance.now();
  let lastRunMs = run.readMs();
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const atMs = performance.now();
    const runMs = run.readMs();
    const gapMs = atMs - lastMs;
    looks.push({ atMs, gapMs, ranMs: Math.min(gapMs, runMs - lastRunMs) });
    lastMs = atMs;
    lastRunMs = runMs;
    timer = setTimeout(look, everyMs);
  };
  timer = setTimeout(look, everyMs);
  try {
    await act();
    clearTimeout(timer);
    await sleep(settleMs);
  } finally {
    clearTimeout(timer);
    observer.disconnect();
    run.close();
  }
  return holdsOf(looks, pauses);
}

/** `looks` and `pauses` in the order of their time. */
export function holdsOf(looks: readonly Look[], pauses: readonly Pause[]): Holds {
  let longestOwnMs = 0;
  let next = 0;
  for (const { atMs, ranMs } of looks) {
    let pausedMs = 0;
    for (; next < pauses.length; next++) {
      const pause = pauses[next];
      if (pause === undefined || pause.atMs >= atMs) break;
      pausedMs += pause.durationMs;
    }
    longestOwnMs = Math.max(longestOwnMs, ranMs - pausedMs);
  }
  const longest = (all: readonly number[]): number => all.reduce((most, each) => Math.max(most, each), 0);
  const gaps = looks.map(({ gapMs }) => gapMs);
  return {
    p99Ms: quantile(gaps, 0.99),
    longestMs: longest(gaps),
    longestOwnMs,
    longestPauseMs: longest(pauses.map(({ durationMs }) => durationMs)),
    longestOffMs: longest(looks.map(({ gapMs, ranMs }) => gapMs - ranMs)),
  };
}

/**
 * Processor time of the main thread since it began (the first number of proc_pid_schedstat(5), ns, which the kernel brings up to date with its ticks); where
 * nobody tells it, the time that its loop did not sleep.
 */
function openRunTime(): { readMs(): number; close(): void } {
  let file: number;
  try {
    file = openSync('/proc/self/schedstat', 'r');
  } catch {
    return { readMs: () => performance.eventLoopUtilization().active, close: () => {} };
  }
  const text = Buffer.alloc(128);
  return {
    readMs: () => Number(text.latin1Slice(0, readSync(file, text, 0, text.length, 0)).split(' ')[0]) / 1e6,
    close: () => closeSync(file),
  };
}
