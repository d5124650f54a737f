import { randomBytes } from 'node:crypto';
import { readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { makeFolder } from './make-folder.ts';

/** A cache's folder, of one process at a time. */
export interface CacheFolder {
  readonly path: string;
  /** Drawn when the folder was made; stays with it. */
  readonly instance: string;
  /** False: its last owner did not end in an orderly way, so files may lack bytes that were never written. */
  readonly wasClosed: boolean;
  /** Resolves where another process took it. */
  readonly lost: Promise<TanistError>;
  /** Says that all is written, and lets others have it; of a folder that was lost nothing. */
  close(): Promise<void>;
}

/** Fails as `data-locked` while another process has it, `data-not-writable` where it can't be made. */
export async function openCacheFolder(path: string, clock: Clock): Promise<CacheFolder> {
  await orNotWritable(path, () => makeFolder(path));
  const lock = await lockFolder(join(path, 'lock'), path, clock);
  try {
    return await opened(path, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** What was on its way when the last owner ended is worth nothing; before the lock was taken it may be another's. */
async function opened(path: string, lock: FolderLock): Promise<CacheFolder> {
  const closedFile = join(path, 'closed');
  await orNotWritable(path, async () => {
    await makeFolder(join(path, 'objects'));
    await rm(join(path, 'parts'), { recursive: true, force: true });
    await makeFolder(join(path, 'parts'));
  });
  const wasClosed = await unlink(closedFile).then(
    () => true,
    () => false,
  );
  let isLost = false;
  void lock.lost.then(() => {
    isLost = true;
  });
  return {
    path,
    lost: lock.lost,
    instance: await instanceOf(join(path, 'instance')),
    wasClosed,
    close: async () => {
      if (!isLost) await writeFile(closedFile, '').catch(() => undefined);
      await lock.release();
    },
  };
}

async function orNotWritable(path: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw new TanistError(
      'data-not-writable',
      `the cache ${path} cannot be made: ${asError(error).message}`,
      { cause: error },
    );
  }
}

async function instanceOf(file: string): Promise<string> {
  const there = await readFile(file, 'utf8').catch(() => '');
  if (/^[0-9a-f]{32}$/.test(there)) return there;
  const drawn = randomBytes(16).toString('hex');
  await writeFile(file, drawn);
  return drawn;
}
