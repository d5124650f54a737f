import { readdirSync, readFileSync } from 'node:fs';

/** Environment of every process that a run starts: its id. A process without it is none of ours, whatever its number. */
export const runVariable = 'TANIST_CHAOS_RUN';

/**
 * When a process began, in the kernel's ticks since the machine did: together with its number it means one process for good. Null: there is none, or the system has no
 * /proc.
 */
export function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in parentheses, may hold anything; field 22 of proc(5) is the twentieth after it.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** The process of this number lives, and, where that can be known, began then. */
export function isAlive(pid: number, start: string | null): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = startOf(pid);
  return start === null || now === null || now === start;
}

/** Processes of this machine that a run has started; none where the system has no /proc. */
export function processesOf(run: string): readonly number[] {
  const mark = `${runVariable}=${run}`;
  return numbersIn('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(mark);
    } catch {
      return false;
    }
  });
}

function numbersIn(folder: string): readonly number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}
