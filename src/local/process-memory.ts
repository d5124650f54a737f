import { readFile } from 'node:fs/promises';

export interface ProcessMemory {
  readonly residentBytes: number;
  /** What of it is no mapped file: LevelDB maps its tables, and the system takes those pages back when it needs them. */
  readonly anonymousBytes: number;
}

/** Null where the system has no /proc. */
export async function memoryOf(pid: number): Promise<ProcessMemory | null> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const bytes = (name: string): number | null => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text);
    return match === null ? null : Number(match[1]) * 1024;
  };
  const residentBytes = bytes('VmRSS');
  const anonymousBytes = bytes('RssAnon');
  return residentBytes === null || anonymousBytes === null ? null : { residentBytes, anonymousBytes };
}

/** Resident memory of a process in bytes; null where the system has no /proc. */
export async function residentBytes(pid: number): Promise<number | null> {
  return (await memoryOf(pid))?.residentBytes ?? null;
}
