import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { probeAccessTimes } from './access-times.ts';
import { followReads, hasInotify } from './inotify.ts';

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
  /** A file of this package was opened; null: the watch stands. */
  readonly used: (name: string | null) => void;
}

const everyMs = 2000;
const mostFiles = 500_000;
const statsAtOnce = 32;
/** A tick of the clock that stamps inodes, at most. */
const momentMs = 4;

/**
 * Which files of a dependency folder are really opened, told apart from merely installed. Node.js cannot hear of openings by itself (`fs.watch` asks inotify
 * for changes alone), so `inotifywait` of inotify-tools is used where it is on the PATH; else the files' access times are looked at in turns. Those say
 * when a file was read first after it was written (Linux's `relatime`), which is what is asked here; on a file system mounted `noatime` they say
 * nothing. The folder may come later, and come anew, as an installation makes it. Fails as `config-invalid` where it is there and cannot be watched.
 */
export async function watchUse(folder: string, ports: WatchPorts, signal: AbortSignal): Promise<WatchedUse> {
  const root = resolve(folder);
  const there = await stat(root).catch(() => null);
  if (there !== null && !there.isDirectory())
    throw new TanistError('config-invalid', `${root} is no folder that could be watched`);
  const seen = new Seen(root, ports);
  const watch = { root, seen, ports, signal };
  if (await hasInotify()) void byInotify(watch);
  else {
    if (there !== null) await probeAccessTimes(root);
    seen.how = 'access-times';
    void byAccessTimes(watch, there !== null);
  }
  ports.used(null);
  return { report: () => seen.report() };
}

interface Watch {
  readonly root: string;
  readonly seen: Seen;
  readonly ports: WatchPorts;
  readonly signal: AbortSignal;
}

class Seen {
  readonly #root: string;
  readonly #ports: WatchPorts;
  /** With the time of the inode's last change: a file that was installed anew is another one. */
  readonly #files = new Map<string, number>();
  readonly #packages = new Set<string>();
  how: UseReport['how'] = 'inotify';
  known = 0;

  constructor(root: string, ports: WatchPorts) {
    this.#root = root;
    this.#ports = ports;
  }

  opened(path: string, changedMs = 0): void {
    if (this.#files.size >= mostFiles && !this.#files.has(path)) return;
    this.#files.set(path, changedMs);
    // Package managers read these themselves, of every package.
    if (path.endsWith(`${sep}package.json`)) return;
    const name = packageOfPath(relative(this.#root, path));
    if (name === null) return;
    this.#packages.add(name);
    this.#ports.used(name);
  }

  has(path: string, changedMs: number): boolean {
    return this.#files.get(path) === changedMs;
  }

  report(): UseReport {
    return {
      folder: this.#root,
      how: this.how,
      files: Math.max(this.known, this.#files.size),
      openedFiles: this.#files.size,
      openedPackages: [...this.#packages].sort(),
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

async function byInotify(watch: Watch): Promise<void> {
  const { root, seen, ports, signal } = watch;
  const opened = (path: string): void => seen.opened(path);
  const words = await followReads(root, { clock: ports.clock, opened }, signal);
  if (words === null) return;
  ports.say(`inotifywait cannot watch ${root} (${words.replace(/\s+/g, ' ')}); access times are looked at`);
  seen.how = 'access-times';
  await byAccessTimes(watch, false);
}

/** Turns over all files, a few at a time; one that was seen counts again when it was written anew. */
async function byAccessTimes({ root, seen, ports, signal }: Watch, isProbed: boolean): Promise<void> {
  const { clock, say } = ports;
  const before = new Map<string, number>();
  let isSure = isProbed;
  while (!signal.aborted) {
    try {
      if (!isSure && (await stat(root).catch(() => null)) !== null) {
        await probeAccessTimes(root);
        isSure = true;
      }
      const files = await filesBelow(root);
      seen.known = files.length;
      for (let i = 0; i < files.length && !signal.aborted; i += statsAtOnce)
        await Promise.all(files.slice(i, i + statsAtOnce).map((path) => look(path, before, seen)));
    } catch (error) {
      say(`files that are opened are not seen: ${asError(error).message}`);
      if (!isSure) return;
    }
    await new Promise<void>((done) => void clock.after(everyMs, done));
  }
}

async function look(path: string, before: Map<string, number>, seen: Seen): Promise<void> {
  const facts = await stat(path).catch(() => null);
  if (facts === null || seen.has(path, facts.ctimeMs)) return;
  const earlier = before.get(path);
  // Read after it was written: the time of its inode's last change is that of the installation. Not in the very moment: installers set access
  // times by a clock that is ahead of the kernel's coarse one.
  if (facts.atimeMs > facts.ctimeMs + momentMs || (earlier !== undefined && facts.atimeMs > earlier)) {
    before.delete(path);
    seen.opened(path, facts.ctimeMs);
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
