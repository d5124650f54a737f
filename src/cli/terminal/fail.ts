import { TanistError } from '../../foundation/errors.ts';
import { UsageError } from './usage-error.ts';

/** One line that says what is wrong; broken invariants and bugs come with their stack. */
export function errorText(error: unknown): string {
  if (error instanceof TanistError) return `${oneLine(error.message)} (${error.code})`;
  if (error instanceof UsageError) return oneLine(error.message);
  if (error instanceof Error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === undefined ? (error.stack ?? error.message) : `${oneLine(error.message)} (${code})`;
  }
  return String(error);
}

export function exitCode(error: unknown): 1 | 2 {
  return error instanceof UsageError ? 2 : 1;
}

/** What a file holds must not steer the terminal. */
function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replace(/\p{Cc}/gu, '\ufffd');
}
