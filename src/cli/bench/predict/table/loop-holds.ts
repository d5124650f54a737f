import { closeSync, openSync, readSync } from 'node:fs';
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../../../../foundation/statistics.ts';

/** For how long a process's event loop did not get to its timers, ms: up to 1 ms more than it was held, since it is looked at once a ms. */
export interface Holds {
  readonly p99Ms: number;
  readonly longestMs: number;
  /** By the process's own work: pauses of the garbage collection, waits for a core (Linux) and for something to happen taken off. */
  readonly longestOwnMs: number;
  readonly longestPauseMs: number;
  readonly longestWaitMs: number;
}

/** A look at the event loop, `gapMs` after the one before it. */
export interface Look {
  readonly atMs: number;
  readonly gapMs: number;
  /** That the thread waited for a core since the one before. */
  readonly waitMs: number;
  /** That the loop slept: a timer that the kernel tells of late holds up nothing. What it then waits for a core counts as sleep, too. */
  readonly idleMs: number;
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
  const waits = openWaits();
  const looks: Look[] = [];
  let lastMs = performance.now();
  let lastWaitMs = waits.readMs();
  let lastIdleMs = performance.eventLoopUtilization().idle;
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const atMs = performance.now();
    const waitMs = waits.readMs();
    const idleMs = performance.eventLoopUtilization().idle;
    looks.push({ atMs, gapMs: atMs - lastMs, waitMs: waitMs - lastWaitMs, idleMs: idleMs - lastIdleMs });
    lastMs = atMs;
    lastWaitMs = waitMs;
    lastIdleMs = idleMs;
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
    waits.close();
  }
  return holdsOf(looks, pauses);
}

/** `looks` and `pauses` in the order of their time. */
export function holdsOf(looks: readonly Look[], pauses: readonly Pause[]): Holds {
  let longestOwnMs = 0;
  let next = 0;
  for (const { atMs, gapMs, waitMs, idleMs } of looks) {
    let pausedMs = 0;
    for (; next < pauses.length; next++) {
      const pause = pauses[next];
      if (pause === undefined || pause.atMs >= atMs) break;
      pausedMs += pause.durationMs;
    }
    longestOwnMs = Math.max(longestOwnMs, gapMs - pausedMs - Math.max(waitMs, idleMs));
  }
  const longest = (all: readonly number[]): number => all.reduce((most, each) => Math.max(most, each), 0);
  const gaps = looks.map(({ gapMs }) => gapMs);
  return {
    p99Ms: quantile(gaps, 0.99),
    longestMs: longest(gaps),
    longestOwnMs,
    longestPauseMs: longest(pauses.map(({ durationMs }) => durationMs)),
    longestWaitMs: longest(looks.map(({ waitMs }) => waitMs)),
  };
}

/** What this thread waited for a core since it began; 0 where nobody says (proc_pid_schedstat(5): the second number, ns). */
function openWaits(): { readMs(): number; close(): void } {
  let file: number;
  try {
    file = openSync('/proc/self/schedstat', 'r');
  } catch {
    return { readMs: () => 0, close: () => {} };
  }
  const text = Buffer.alloc(128);
  return {
    readMs: () => Number(text.latin1Slice(0, readSync(file, text, 0, text.length, 0)).split(' ')[1]) / 1e6,
    close: () => closeSync(file),
  };
}
