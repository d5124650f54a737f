import { TanistError } from '../../foundation/errors.ts';

/** A file or folder that was named is not there, or may not be read. */
export function unreadable(path: string, cause: unknown): TanistError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new TanistError('data-unreadable', `${path} cannot be read (${code ?? message})`, { cause });
}
