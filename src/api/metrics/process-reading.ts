import { readdir, readFile } from 'node:fs/promises';
import { systemClock } from '../system-clock.ts';

/** What the operating system and the runtime say of this process; `null` where they do not. Bytes and seconds. */
export interface ProcessReading {
  readonly cpuSeconds: number;
  readonly startSeconds: number;
  readonly residentBytes: number;
  readonly virtualBytes: number | null;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly externalBytes: number;
  readonly openFiles: number | null;
  readonly mostFiles: number | null;
  /** Part of the time that the event loop was busy since the last reading. */
  readonly loopBusy: number;
}

const pageBytes = 4096;
let last = performance.eventLoopUtilization();

export async function readProcess(): Promise<ProcessReading> {
  const [statm, files, limits] = await Promise.all([
    readFile('/proc/self/statm', 'utf8').catch(() => null),
    readdir('/proc/self/fd').catch(() => null),
    readFile('/proc/self/limits', 'utf8').catch(() => ''),
  ]);
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const now = performance.eventLoopUtilization();
  const { utilization } = performance.eventLoopUtilization(now, last);
  last = now;
  const most = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return {
    cpuSeconds: (user + system) / 1e6,
    startSeconds: systemClock.wallMs() / 1000 - process.uptime(),
    residentBytes: rss,
    virtualBytes: statm === null ? null : Number(statm.split(' ')[0]) * pageBytes,
    heapUsedBytes: heapUsed,
    heapTotalBytes: heapTotal,
    externalBytes: external,
    openFiles: files?.length ?? null,
    mostFiles: most === undefined ? null : Number(most),
    loopBusy: utilization,
  };
}
