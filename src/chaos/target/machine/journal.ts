import { randomBytes } from 'node:crypto';
import { appendFileSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TanistError } from '../../../foundation/errors.ts';
import { startOf } from './process-facts.ts';

/** What a run does to the machine and has to be undone, in the order in which it was done. */
export type Deed =
  /** Links of it go with it, together with their other ends. */
  | { readonly kind: 'namespace'; readonly name: string }
  | { readonly kind: 'mount'; readonly path: string }
  | { readonly kind: 'cgroup'; readonly path: string }
  /** With all that is in it. */
  | { readonly kind: 'folder'; readonly path: string };

/** Who does it: a harness that is gone can't undo it any more. */
export interface Author {
  readonly run: string;
  readonly pid: number;
  readonly start: string | null;
}

const ownUser = process.getuid?.() ?? null;
/** Of this user: what root undoes must be what root has written. */
export const journalFolder = join(tmpdir(), `tanist-chaos-journals-${ownUser ?? 'all'}`);
const suffix = '.journal';

/**
 * On disk before anything is done, so that whatever kills the harness, `cleanLeftovers` finds what it left. Processes are not listed: each carries the run's id in its
 * environment.
 */
export class Journal {
  readonly run: string;
  readonly #file: string;
  readonly #deeds: Deed[] = [];

  private constructor(run: string) {
    this.run = run;
    this.#file = fileOf(run);
  }

  /** Errors: `data-not-writable`. */
  static begin(): Journal {
    const journal = new Journal(randomBytes(3).toString('hex'));
    const author: Author = { run: journal.run, pid: process.pid, start: startOf(process.pid) };
    journal.#write(() => {
      mkdirSync(journalFolder, { recursive: true, mode: 0o700 });
      if (!isOwn(journalFolder)) throw new Error('it belongs to another user');
      writeFileSync(journal.#file, `${JSON.stringify(author)}\n`, { flag: 'wx' });
    });
    return journal;
  }

  get deeds(): readonly Deed[] {
    return this.#deeds;
  }

  /** Before it is done. Errors: `data-not-writable`; then it must not be done. */
  will(deed: Deed): void {
    this.#write(() => appendFileSync(this.#file, `${JSON.stringify(deed)}\n`));
    this.#deeds.push(deed);
  }

  /** All is undone. */
  end(): void {
    rmSync(this.#file, { force: true });
  }

  #write(act: () => void): void {
    try {
      act();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new TanistError(
        'data-not-writable',
        `the harness cannot write ${this.#file}, without which it touches nothing: ${reason}; make room, or set TMPDIR`,
        { cause },
      );
    }
  }
}

export const isJournal = (name: string): boolean => name.endsWith(suffix);
const fileOf = (run: string): string => join(journalFolder, `${run}${suffix}`);

/** Not a link, and of this user. */
function isOwn(path: string): boolean {
  const found = lstatSync(path);
  return !found.isSymbolicLink() && (ownUser === null || found.uid === ownUser);
}

/** A line that was being written when the harness died was not done yet. Null: nothing of it can be read, or it is none of this user's. */
export function readJournal(
  file: string,
): { readonly author: Author; readonly deeds: readonly Deed[] } | null {
  if (!isOwn(file)) return null;
  const [first, ...lines] = readFileSync(file, 'utf8').split('\n');
  const author = parsed<Author>(first ?? '');
  if (author === null) return null;
  return { author, deeds: lines.map((line) => parsed<Deed>(line)).filter((deed) => deed !== null) };
}

/** What this program wrote itself. */
function parsed<T>(line: string): T | null {
  try {
    return JSON.parse(line) as T;
  } catch {
    return null;
  }
}
