import { TanistError } from '../../foundation/errors.ts';

/** A file or folder that was named is not there, or may not be read. */
export function unreadable(path: string, cause: unknown): TanistError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new TanistError('data-unreadable', `${path} cannot be read (${code ?? message})`, { cause });
}

/** A file that was named cannot be made, or not be written to its end. */
export function unwritable(path: string, cause: unknown): TanistError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new TanistError(
    'data-not-writable',
    `${path} cannot be written (${code ?? message}): ${adviceOn(code)}`,
    {
      cause,
    },
  );
}

function adviceOn(code: string | undefined): string {
  if (code === 'ENOENT') return 'its folder is not there; make it, or name another file';
  if (code === 'ENOSPC') return 'the disk is full; make room, or name a file elsewhere';
  return 'give this user the right to write there, or name another file';
}
