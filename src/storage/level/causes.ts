/** The code by which the file system or LevelDB says what is wrong: LevelDB's own lies in the cause's cause. Empty: none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const { code } = error as { readonly code?: unknown };
  if (error.cause instanceof Error) return codeOf(error.cause) || String(code ?? '');
  return String(code ?? '');
}

/** The same in words. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
