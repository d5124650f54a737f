import { readdir } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { residentBytes } from '../../local/process-memory.ts';
import type { Target } from '../target.ts';

/** What a process held at a moment. */
export interface ProcessSample {
  readonly atMs: number;
  readonly pid: number;
  readonly residentBytes: number;
  readonly descriptors: number;
}

/** What the harness and the machine were like meanwhile: where an outage may not be the cluster's. */
export interface HarnessLoad {
  readonly cores: number;
  /** Times in which this process did not run. */
  readonly stalls: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly loads: readonly { readonly atMs: number; readonly load: number }[];
}

export interface ProcessWatch {
  readonly samples: ReadonlyMap<string, readonly ProcessSample[]>;
  readonly load: HarnessLoad;
  stop(): void;
}

const beatMs = 10;
const stallMs = 25;
const mostStalls = 10_000;

/** Samples memory and descriptors of every member's process (where there is a /proc), and the harness's own stalls, until it is stopped. */
export function watchProcesses(target: Target, nowMs: () => number, everyMs = 1000): ProcessWatch {
  const samples = new Map<string, ProcessSample[]>(target.members.map(({ id }) => [id, []]));
  const stalls: { fromMs: number; toMs: number }[] = [];
  const loads: { atMs: number; load: number }[] = [];
  let lastMs = nowMs();
  const beat = setInterval(() => {
    const now = nowMs();
    if (now - lastMs > beatMs + stallMs && stalls.length < mostStalls)
      stalls.push({ fromMs: lastMs, toMs: now });
    lastMs = now;
  }, beatMs);
  const look = setInterval(() => {
    const atMs = nowMs();
    loads.push({ atMs, load: loadavg()[0] ?? 0 });
    for (const [id, list] of samples) void sample(target.pid(id), atMs, list);
  }, everyMs);
  beat.unref();
  look.unref();
  return {
    samples,
    load: { cores: availableParallelism(), stalls, loads },
    stop: () => {
      clearInterval(beat);
      clearInterval(look);
    },
  };
}

async function sample(pid: number | null, atMs: number, into: ProcessSample[]): Promise<void> {
  if (pid === null) return;
  const [bytes, descriptors] = await Promise.all([
    residentBytes(pid),
    readdir(`/proc/${pid}/fd`).then(
      (entries) => entries.length,
      () => null,
    ),
  ]);
  if (bytes !== null && descriptors !== null) into.push({ atMs, pid, residentBytes: bytes, descriptors });
}
