import { TanistError } from '../../foundation/errors.ts';

/** The disk failed for good, an invariant is broken, or the member was removed: going on could only do harm. */
export function isFinal(error: unknown): boolean {
  if (!(error instanceof TanistError)) return !(error instanceof Error) || error.name === 'AssertionError';
  return error.code === 'storage-failed' || error.code === 'data-damaged' || error.code === 'member-removed';
}
