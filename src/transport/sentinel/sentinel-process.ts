import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/**
 * It asks for SIGKILL at the end of the thread that began it, outlives the signals that end a service in good order (the node hands over first), says that it is
 * armed, and waits for the end of its input.
 */
const program = [
  'setpriv',
  '--pdeathsig',
  'KILL',
  'sh',
  '-c',
  'trap "" HUP INT TERM; echo; exec cat >/dev/null',
];

/** Begins one that holds this descriptor of ours, too, for as long as it lives; in place of those that it would inherit and does not want it has nothing. */
export function beginProcess(descriptor: number, unwanted: readonly number[]): ChildProcess {
  const [command = '', ...args] = program;
  const nothing = openSync('/dev/null', 'r');
  try {
    const stdio: (number | 'pipe' | 'ignore')[] = ['pipe', 'pipe', 'ignore', descriptor];
    for (const each of unwanted) {
      while (stdio.length <= each) stdio.push('ignore');
      stdio[each] = nothing;
    }
    const child = spawn(command, args, {
      stdio,
      cwd: '/',
      // Not of the terminal's foreground group, which Ctrl-C reaches.
      detached: true,
    });
    for (const pipe of [child.stdin, child.stdout]) pipe?.on('error', () => {});
    return child;
  } finally {
    closeSync(nothing);
  }
}

/** Rejects where it does not come to that. */
export function armed(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`${program[0]} ended with ${signal ?? code}`)));
    child.stdout?.once('data', () => resolve());
  });
}

/** Nothing in this process waits for it. */
export function unref(child: ChildProcess): void {
  child.unref();
  for (const pipe of [child.stdin, child.stdout]) (pipe as Socket | null)?.unref();
}

/** -1: there is none. A child takes a socket by its descriptor alone, which Node.js has no public name for. */
export function descriptorOf(handled: object | Readable | Writable | null): number {
  const { _handle: handle } = (handled ?? {}) as { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}
