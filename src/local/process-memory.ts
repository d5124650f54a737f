import { readFile } from 'node:fs/promises';

/** Resident memory of a process in bytes; null where the system has no /proc. */
export async function residentBytes(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const match = /^VmRSS:\s+(\d+) kB/m.exec(text);
  return match === null ? null : Number(match[1]) * 1024;
}
