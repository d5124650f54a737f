import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';
import { codeOf, reason } from './causes.ts';

/** Makes the folder where it is missing. Errors: `data-not-writable`, `data-unreadable`, `disk-full`. */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unwritable(folder, cause);
  }
  try {
    await access(folder, constants.R_OK);
  } catch (cause) {
    throw new TanistError(
      'data-unreadable',
      `the data folder ${folder} cannot be read (${reason(cause)}): give this user the right to read it`,
      { cause },
    );
  }
}

/** With those above it. Not mkdir's own `recursive`: that never returns where a file system denies a folder whose parent is there, as /proc does. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    const parent = dirname(folder);
    const isParentThere = (await stat(parent).catch(() => null)) !== null;
    if (codeOf(cause) !== 'ENOENT' || isParentThere) throw cause;
    await makeFolder(parent);
    await makeFolder(folder);
  }
}

/** No right would make a folder of such a path. */
const nowhere: ReadonlySet<string> = new Set(['ENOENT', 'ELOOP', 'ENAMETOOLONG']);

/** `disk-full` where that is why, else `data-not-writable`. */
export function unwritable(folder: string, cause: unknown): TanistError {
  if (isDiskFull(cause)) return diskFull(folder, cause);
  if (codeOf(cause) === 'EEXIST' || codeOf(cause) === 'ENOTDIR')
    return new TanistError(
      'data-not-writable',
      `the data folder ${folder} cannot be made (${reason(cause)}): name a folder, not a file`,
      { cause },
    );
  if (nowhere.has(codeOf(cause)))
    return new TanistError(
      'data-not-writable',
      `the data folder ${folder} cannot be made (${reason(cause)}): name another folder; if it is a link, make what it leads to`,
      { cause },
    );
  return new TanistError(
    'data-not-writable',
    `the data folder ${folder} cannot be written (${reason(cause)}): give this user the right to write it, or name another folder`,
    { cause },
  );
}

export function isDiskFull(cause: unknown): boolean {
  return codeOf(cause) === 'ENOSPC' || /no space left/i.test(reason(cause));
}

export function diskFull(folder: string, cause: unknown): TanistError {
  return new TanistError('disk-full', `the disk of ${folder} is full: make room, then start the node again`, {
    cause,
  });
}
