import { TanistError } from '../../foundation/errors.ts';

/** A file or folder that was named is not there, or may not be read. */
export function unreadable(path: string, cause: unknown): TanistError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new TanistError(
    'data-unreadable',
    `${path} cannot be read (${code ?? message})${adviceOnReading(code)}`,
    {
      cause,
    },
  );
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

function adviceOnReading(code: string | undefined): string {
  if (code === 'ENOENT') return ': there is nothing of that name; look at how it is spelt';
  if (code === 'ENOTDIR') return ': a folder is wanted, and this is a file';
  if (code === 'EISDIR') return ': a file is wanted, and this is a folder';
  if (code === 'EACCES' || code === 'EPERM') return ': give this user the right to read it';
  return '';
}

function adviceOn(code: string | undefined): string {
  if (code === 'ENOENT') return 'its folder is not there; make it, or name another file';
  if (code === 'ENOSPC') return 'the disk is full; make room, or name a file elsewhere';
  return 'give this user the right to write there, or name another file';
}
