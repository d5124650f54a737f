import { readFile } from 'node:fs/promises';
import type { Usage } from '../../node/prediction/behaviour/usage.ts';
import { systemClock } from '../system-clock.ts';

const readEveryMs = 1000;
const sectorBytes = 512;

interface Counted {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly network: number | null;
  readonly disk: number | null;
}

/** What this process uses of its machine, read once a second in the background: CPU and memory on any system, disk and network where they are told. */
export class UsageReader {
  readonly #timer: NodeJS.Timeout;
  #before: Counted | null = null;
  #latest: Usage | null = null;

  constructor() {
    this.#timer = setInterval(() => void this.#read(), readEveryMs);
    this.#timer.unref();
  }

  /** Null before the second reading. */
  get latest(): Usage | null {
    return this.#latest;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #read(): Promise<void> {
    const [network, disk] = await Promise.all([networkBytes(), diskBytes()]);
    const { user, system } = process.cpuUsage();
    const now: Counted = { atMs: systemClock.nowMs(), cpuMs: (user + system) / 1000, network, disk };
    const before = this.#before;
    this.#before = now;
    if (before === null) return;
    const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
    this.#latest = {
      cpu: (now.cpuMs - before.cpuMs) / 1000 / seconds,
      memoryBytes: process.memoryUsage.rss(),
      networkBytesPerSecond: rate(before.network, now.network, seconds),
      diskBytesPerSecond: rate(before.disk, now.disk, seconds),
    };
  }
}

/** A counter that went back was reset: no rate is known. */
function rate(before: number | null, now: number | null, seconds: number): number | null {
  return before === null || now === null || now < before ? null : (now - before) / seconds;
}

/** Received and sent, of all interfaces of the machine; null where it is not told. */
async function networkBytes(): Promise<number | null> {
  const text = await readFile('/proc/self/net/dev', 'utf8').catch(() => null);
  if (text === null) return null;
  let sum = 0;
  for (const line of text.split('\n').slice(2)) {
    const fields = line.split(':')[1]?.trim().split(/\s+/) ?? [];
    sum += Number(fields[0] ?? 0) + Number(fields[8] ?? 0);
  }
  return sum;
}

/** Read from and written to storage by this process. */
async function diskBytes(): Promise<number | null> {
  const text = await readFile('/proc/self/io', 'utf8').catch(() => null);
  if (text === null) {
    const { fsRead, fsWrite } = process.resourceUsage();
    return (fsRead + fsWrite) * sectorBytes;
  }
  const field = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return field('read_bytes') + field('write_bytes');
}
