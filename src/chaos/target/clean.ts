import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isJournal, journalFolder, readJournal } from './machine/journal.ts';
import { isAlive } from './machine/process-facts.ts';
import { undoRun } from './machine/undo.ts';

/** A journal whose first line can't be read is one that is being begun, unless it is older. */
const beginningMs = 60_000;

/**
 * Undoes what harnesses have left that were killed: their processes, namespaces, mounts, control groups, folders. Runs whose harness lives are not touched. Says what
 * was undone, and what could not be, a line each; the latter is tried again the next time.
 */
export async function cleanLeftovers(): Promise<readonly string[]> {
  const said: string[] = [];
  for (const name of await readdir(journalFolder).catch(() => [])) {
    if (!isJournal(name)) continue;
    const file = join(journalFolder, name);
    const journal = readJournal(file);
    if (journal === null) {
      const { mtimeMs } = await stat(file);
      if (Date.now() - mtimeMs > beginningMs) await rm(file, { force: true });
      continue;
    }
    const { author, deeds } = journal;
    if (isAlive(author.pid, author.start)) continue;
    const { done, failed } = await undoRun(author.run, deeds);
    const of = `run ${author.run} of process ${author.pid}, which is gone`;
    said.push(...done.map((line) => `${of}: ${line}`));
    said.push(...failed.map((line) => `${of}: not undone: ${line}`));
    if (failed.length === 0) await rm(file, { force: true });
  }
  return said;
}
