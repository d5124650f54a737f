import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Clock } from '../../ports/clock.ts';

export interface InotifyPorts {
  readonly clock: Clock;
  readonly opened: (path: string) => void;
}

const lookMs = 500;
const wordsKept = 500;

/** Whether `inotifywait` is on the PATH. */
export function hasInotify(): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('inotifywait', ['--help'], { stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('spawn', () => resolve(true));
  });
}

/**
 * Every reading of a file below the folder, whenever that comes, and whenever it comes anew: a recursive inotifywait is bound to the folder that was there
 * when it began. Resolves to what inotifywait said last where it cannot watch (as for want of `fs.inotify.max_user_watches`), to null at the signal.
 */
export async function followReads(
  root: string,
  { clock, opened }: InotifyPorts,
  signal: AbortSignal,
): Promise<string | null> {
  while (!signal.aborted) {
    const folder = await idOf(root);
    if (folder === null) await new Promise<void>((done) => void clock.after(lookMs, done));
    else {
      const words = await followOne(root, folder, { clock, opened }, signal);
      if (words !== null && !signal.aborted && (await idOf(root)) === folder) return words;
    }
  }
  return null;
}

/** Until the folder is another one, or gone: null; what inotifywait said where it ended by itself. */
function followOne(
  root: string,
  folder: string,
  { clock, opened }: InotifyPorts,
  signal: AbortSignal,
): Promise<string | null> {
  // What was opened to be written is the installation itself.
  const events = ['--event', 'close_nowrite', '--format', '%e %w%f'];
  const child = spawn('inotifywait', ['--monitor', '--recursive', '--quiet', ...events, root], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  let words = '';
  let isReplaced = false;
  let ended = false;
  child.stderr.on('data', (text: Buffer) => {
    words = (words + text.toString('utf8')).slice(-wordsKept);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, what = '', path = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (!what.includes('ISDIR') && path !== '' && !path.endsWith('/')) opened(path);
  });
  const look = async (): Promise<void> => {
    const now = await idOf(root);
    if (ended) return;
    isReplaced = now !== folder;
    if (isReplaced) child.kill();
    else timer = clock.after(lookMs, () => void look());
  };
  let timer = clock.after(lookMs, () => void look());
  return new Promise((resolve) => {
    const end = (said: string): void => {
      ended = true;
      timer.cancel();
      resolve(isReplaced || signal.aborted ? null : said);
    };
    child.once('error', ({ message }) => end(message));
    child.once('close', (code) => end(words.trim() === '' ? `it ended with ${code}` : words.trim()));
  });
}

/** Null: there is no such folder. */
async function idOf(path: string): Promise<string | null> {
  const facts = await stat(path).catch(() => null);
  return facts?.isDirectory() ? `${facts.dev} ${facts.ino} ${facts.birthtimeMs}` : null;
}
