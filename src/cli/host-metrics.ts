import { readFileSync } from 'node:fs';
import * as os from 'node:os';
import { getHeapSpaceStatistics } from 'node:v8';

/** Reads a small text file of the system; null where it is not there. */
export type ReadText = (path: string) => string | null;

/** One look at the machine: `host/cpu/0/user` → number. Shares in percent, sizes in bytes, the rest per second or as it is. */
export type HostSample = ReadonlyMap<string, number>;

export interface HostMetrics {
  /** Rates are since the previous call, so the first one has only levels. Takes about a millisecond. */
  sample(nowMs: number): HostSample;
}

const cpuStates = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;
const diskFields = [
  'reads',
  'reads-merged',
  'sectors-read',
  'read-ms',
  'writes',
  'writes-merged',
  'sectors-written',
  'write-ms',
  'in-flight',
  'busy-ms',
  'weighted-ms',
] as const;
const netFields = [
  'receive-bytes',
  'receive-packets',
  'receive-errors',
  'receive-dropped',
  'send-bytes',
  'send-packets',
  'send-errors',
  'send-dropped',
] as const;
const netColumns = [0, 1, 2, 3, 8, 9, 10, 11] as const;
const vmCounters =
  /^(pgpgin|pgpgout|pswpin|pswpout|pgfault|pgmajfault|pgfree|pgactivate|pgdeactivate|pgreuse|pgalloc_\w+|pgscan_\w+|pgsteal_\w+)$/;

/** This machine's own figures, from /proc where that is there, else from what Node knows of the system. */
export function hostMetrics(read: ReadText = readSystemFile): HostMetrics {
  let before: { readonly atMs: number; readonly counters: ReadonlyMap<string, number> } | null = null;
  return {
    sample(nowMs) {
      const levels = new Map<string, number>();
      const counters = new Map<string, number>();
      const fromProc = cpu(read, counters);
      memory(read, levels);
      disks(read, levels, counters);
      network(read, counters);
      virtualMemory(read, counters);
      pressure(read, levels, counters);
      load(read, levels);
      if (!fromProc) portable(levels, counters);
      if (before !== null) rates(before, { atMs: nowMs, counters }, levels);
      before = { atMs: nowMs, counters };
      return levels;
    },
  };
}

function readSystemFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function lines(read: ReadText, path: string): readonly string[] {
  return read(path)?.split('\n') ?? [];
}

function cpu(read: ReadText, counters: Map<string, number>): boolean {
  let found = false;
  for (const line of lines(read, '/proc/stat')) {
    const [name = '', ...fields] = line.trim().split(/\s+/);
    if (name.startsWith('cpu')) {
      found = true;
      const which = name === 'cpu' ? 'all' : name.slice(3);
      // Ticks of 10 ms: one a second is one percent of a processor.
      for (const [i, state] of cpuStates.entries())
        count(counters, `host/cpu/${which}/${state}`, fields[i] ?? '');
    } else if (name === 'ctxt') count(counters, 'host/kernel/context-switches', fields[0] ?? '');
    else if (name === 'intr') count(counters, 'host/kernel/interrupts', fields[0] ?? '');
    else if (name === 'softirq') count(counters, 'host/kernel/softirqs', fields[0] ?? '');
    else if (name === 'processes') count(counters, 'host/kernel/forks', fields[0] ?? '');
  }
  return found;
}

function memory(read: ReadText, levels: Map<string, number>): void {
  for (const line of lines(read, '/proc/meminfo')) {
    const match = /^([\w()]+):\s+(\d+)(?: (kB))?/.exec(line);
    if (match === null) continue;
    const name = (match[1] ?? '').replace(/[()]+/g, '-').replace(/-$/, '').toLowerCase();
    levels.set(`host/memory/${name}`, Number(match[2]) * (match[3] === undefined ? 1 : 1024));
  }
}

function disks(read: ReadText, levels: Map<string, number>, counters: Map<string, number>): void {
  for (const line of lines(read, '/proc/diskstats')) {
    const [, , name = '', ...fields] = line.trim().split(/\s+/);
    if (name === '' || fields.slice(0, diskFields.length).every((field) => field === '0')) continue;
    for (const [i, field] of diskFields.entries()) {
      if (field === 'in-flight') levels.set(`host/disk/${name}/${field}`, Number(fields[i] ?? 0));
      else count(counters, `host/disk/${name}/${field}`, fields[i] ?? '');
    }
  }
}

function network(read: ReadText, counters: Map<string, number>): void {
  for (const line of lines(read, '/proc/net/dev').slice(2)) {
    const [name = '', rest = ''] = line.split(':');
    if (rest === '') continue;
    const fields = rest.trim().split(/\s+/);
    for (const [i, field] of netFields.entries())
      count(counters, `host/network/${name.trim()}/${field}`, fields[netColumns[i] ?? 0] ?? '');
  }
}

function virtualMemory(read: ReadText, counters: Map<string, number>): void {
  for (const line of lines(read, '/proc/vmstat')) {
    const [name = '', value = ''] = line.split(' ');
    if (vmCounters.test(name)) count(counters, `host/vm/${name.replaceAll('_', '-')}`, value);
  }
}

function pressure(read: ReadText, levels: Map<string, number>, counters: Map<string, number>): void {
  for (const resource of ['cpu', 'io', 'memory']) {
    for (const line of lines(read, `/proc/pressure/${resource}`)) {
      const match = /^(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=[\d.]+ total=(\d+)/.exec(line);
      if (match === null) continue;
      const prefix = `host/pressure/${resource}/${match[1]}`;
      levels.set(`${prefix}/share-10s`, Number(match[2]));
      levels.set(`${prefix}/share-60s`, Number(match[3]));
      count(counters, `${prefix}/stalled-us`, match[4] ?? '');
    }
  }
}

function load(read: ReadText, levels: Map<string, number>): void {
  const fields = read('/proc/loadavg')?.split(/\s+/) ?? os.loadavg().map(String);
  for (const [i, span] of ['1m', '5m', '15m'].entries())
    levels.set(`host/load/${span}`, Number(fields[i] ?? 0));
  const [running, all] = (fields[3] ?? '').split('/');
  if (all === undefined) return;
  levels.set('host/tasks/running', Number(running));
  levels.set('host/tasks/all', Number(all));
}

/** What Node tells on any system, and of this process, where there is no /proc. */
function portable(levels: Map<string, number>, counters: Map<string, number>): void {
  for (const [i, { times }] of os.cpus().entries()) {
    // Milliseconds: ten of them a second are one percent.
    for (const [state, ms] of Object.entries(times)) counters.set(`host/cpu/${i}/${state}`, ms / 10);
  }
  levels.set('host/memory/memtotal', os.totalmem());
  levels.set('host/memory/memfree', os.freemem());
  levels.set('host/uptime-s', os.uptime());
  for (const [name, value] of Object.entries(process.memoryUsage()))
    levels.set(`host/process/memory/${name.toLowerCase()}`, value);
  for (const [name, value] of Object.entries(process.resourceUsage()))
    counters.set(`host/process/usage/${name.toLowerCase()}`, value);
  for (const space of getHeapSpaceStatistics()) {
    const prefix = `host/process/heap/${space.space_name.replaceAll('_', '-')}`;
    levels.set(`${prefix}/size`, space.space_size);
    levels.set(`${prefix}/used`, space.space_used_size);
    levels.set(`${prefix}/available`, space.space_available_size);
    levels.set(`${prefix}/physical`, space.physical_space_size);
  }
}

function count(counters: Map<string, number>, key: string, text: string): void {
  if (text !== '') counters.set(key, Number(text));
}

interface Counted {
  readonly atMs: number;
  readonly counters: ReadonlyMap<string, number>;
}

function rates(before: Counted, now: Counted, into: Map<string, number>): void {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  for (const [key, value] of now.counters) {
    const earlier = before.counters.get(key);
    // A counter that went back was reset: no rate is known.
    if (earlier !== undefined && value >= earlier)
      into.set(key, Math.round(((value - earlier) / seconds) * 100) / 100);
  }
}
