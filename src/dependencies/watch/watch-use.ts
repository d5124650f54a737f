import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { probeAccessTimes } from './access-times.ts';

export interface UseReport {
  readonly folder: string;
  /** `inotify`: every opening is seen. `access-times`: a file's first reading since the watch began, within some seconds. */
  readonly how: 'inotify' | 'access-times';
  readonly files: number;
  readonly openedFiles: number;
  readonly openedPackages: readonly string[];
}

export interface WatchedUse {
  report(): UseReport;
}

export interface WatchPorts {
  readonly clock: Clock;
  readonly say: (text: string) => void;
  /** A file of this package was opened for the first time; null: the watch stands. */
  readonly used: (name: string | null) => void;
}

const everyMs = 2000;
const mostFiles = 500_000;
const statsAtOnce = 32;

/**
 * Which files of a dependency folder are really opened, told apart from merely installed. Node.js cannot hear of openings by itself (`fs.watch` asks inotify
 * for changes alone), so `inotifywait` of inotify-tools is used where it is on the PATH; else the files' access times are looked at in turns. Those say
 * when a file was read first after it was written (Linux's `relatime`), which is what is asked here; on a file system mounted `noatime` they say
 * nothing, and it fails. Fails as `config-invalid`.
 */
export async function watchUse(folder: string, ports: WatchPorts, signal: AbortSignal): Promise<WatchedUse> {
  const root = resolve(folder);
  if (!(await stat(root).catch(() => null))?.isDirectory())
    throw new TanistError('config-invalid', `${root} is no folder that could be watched`);
  const seen = new Seen(root, ports);
  ports.used(null);
  if (await byInotify(root, seen, ports, signal)) return seen.face('inotify');
  await probeAccessTimes(root);
  void byAccessTimes(root, seen, ports, signal);
  return seen.face('access-times');
}

class Seen {
  readonly #root: string;
  readonly #ports: WatchPorts;
  readonly #files = new Set<string>();
  readonly #packages = new Set<string>();
  known = 0;

  constructor(root: string, ports: WatchPorts) {
    this.#root = root;
    this.#ports = ports;
  }

  opened(path: string): void {
    if (this.#files.size >= mostFiles) return;
    this.#files.add(path);
    // Package managers read these themselves, of every package.
    if (path.endsWith(`${sep}package.json`)) return;
    const name = packageOfPath(relative(this.#root, path));
    if (name === null || this.#packages.has(name)) return;
    this.#packages.add(name);
    this.#ports.used(name);
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  face(how: UseReport['how']): WatchedUse {
    return {
      report: () => ({
        folder: this.#root,
        how,
        files: Math.max(this.known, this.#files.size),
        openedFiles: this.#files.size,
        openedPackages: [...this.#packages].sort(),
      }),
    };
  }
}

/** The innermost package that a file is of: what follows the last `node_modules`, or the folder itself where that is one. */
export function packageOfPath(path: string): string | null {
  const parts = path.split(sep);
  const inside = parts.slice(parts.lastIndexOf('node_modules') + 1);
  const [first = '', second = ''] = inside;
  if (inside.length < 2 || first.startsWith('.')) return null;
  if (!first.startsWith('@')) return first;
  return inside.length < 3 ? null : `${first}/${second}`;
}

/** False: there is no such program. */
function byInotify(root: string, seen: Seen, { say }: WatchPorts, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolveStarted) => {
    const args = ['--monitor', '--recursive', '--quiet', '--event', 'open', '--format', '%w%f', root];
    const child = spawn('inotifywait', args, { stdio: ['ignore', 'pipe', 'ignore'], signal });
    child.once('error', () => resolveStarted(false));
    child.once('spawn', () => {
      createInterface({ input: child.stdout }).on('line', (path) => {
        if (!path.endsWith('/')) seen.opened(path);
      });
      resolveStarted(true);
    });
    child.once('exit', (code) => {
      if (!signal.aborted) say(`inotifywait ended with ${code}; files that are opened are no longer seen`);
    });
  });
}

/** Turns over all files, a few at a time; one that was seen is not looked at again. */
async function byAccessTimes(
  root: string,
  seen: Seen,
  { clock, say }: WatchPorts,
  signal: AbortSignal,
): Promise<void> {
  const before = new Map<string, number>();
  const pause = (ms: number): Promise<void> => new Promise((done) => void clock.after(ms, done));
  while (!signal.aborted) {
    try {
      const files = await filesBelow(root);
      seen.known = files.length;
      for (let i = 0; i < files.length && !signal.aborted; i += statsAtOnce)
        await Promise.all(files.slice(i, i + statsAtOnce).map((path) => look(path, before, seen)));
    } catch (error) {
      say(`the watched folder cannot be read: ${asError(error).message}`);
    }
    await pause(everyMs);
  }
}

async function look(path: string, before: Map<string, number>, seen: Seen): Promise<void> {
  if (seen.has(path)) return;
  const facts = await stat(path).catch(() => null);
  if (facts === null) return;
  const earlier = before.get(path);
  // Read after it was written: the time of its inode's last change is that of the installation.
  if (facts.atimeMs > facts.ctimeMs + 1 || (earlier !== undefined && facts.atimeMs > earlier)) {
    before.delete(path);
    seen.opened(path);
  } else before.set(path, facts.atimeMs);
}

async function filesBelow(root: string): Promise<readonly string[]> {
  const found: string[] = [];
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined && found.length < mostFiles; folder = folders.pop())
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => []))
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
      else if (entry.isFile()) found.push(join(folder, entry.name));
  return found;
}
