import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asError, TanistError } from '../../foundation/errors.ts';

/** A cache's folder, of one process at a time. */
export interface CacheFolder {
  readonly path: string;
  /** Drawn when the folder was made; stays with it. */
  readonly instance: string;
  /** False: its last owner did not end in an orderly way, so files may lack bytes that were never written. */
  readonly wasClosed: boolean;
  /** Says that all is written, and lets others have it. */
  close(): Promise<void>;
}

/** Fails as `data-locked` while another process has it, `data-not-writable` where it can't be made. */
export async function openCacheFolder(path: string): Promise<CacheFolder> {
  const lockFile = join(path, 'lock');
  const closedFile = join(path, 'closed');
  try {
    await mkdir(join(path, 'objects'), { recursive: true });
    await rm(join(path, 'parts'), { recursive: true, force: true });
    await mkdir(join(path, 'parts'), { recursive: true });
  } catch (error) {
    throw new TanistError(
      'data-not-writable',
      `the cache ${path} cannot be made: ${asError(error).message}`,
      {
        cause: error,
      },
    );
  }
  await lock(lockFile, path);
  const wasClosed = await unlink(closedFile).then(
    () => true,
    () => false,
  );
  return {
    path,
    instance: await instanceOf(join(path, 'instance')),
    wasClosed,
    close: async () => {
      await writeFile(closedFile, '').catch(() => undefined);
      await rm(lockFile, { force: true });
    },
  };
}

/** The lock names its process; one whose process is gone counts for nothing. */
async function lock(file: string, folder: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new TanistError(
          'data-not-writable',
          `the cache ${folder} cannot be written: ${asError(error).message}`,
        );
    }
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (isAlive(owner)) break;
    await rm(file, { force: true });
  }
  throw new TanistError(
    'data-locked',
    `another agent uses the cache ${folder}; give this one a folder of its own with --cache`,
  );
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function instanceOf(file: string): Promise<string> {
  const there = await readFile(file, 'utf8').catch(() => '');
  if (/^[0-9a-f]{32}$/.test(there)) return there;
  const drawn = randomBytes(16).toString('hex');
  await writeFile(file, drawn);
  return drawn;
}
