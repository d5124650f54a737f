import { rename, rm, writeFile } from 'node:fs/promises';
import { TanistError } from '../../foundation/errors.ts';

/** Whoever opens it meanwhile has the former one, whole. Errors: `data-not-writable`, with what to do. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const half = `${file}.part`;
  try {
    await writeFile(half, text);
    await rename(half, file);
  } catch (cause) {
    await rm(half, { force: true }).catch(() => undefined);
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new TanistError(
      'data-not-writable',
      `${file}: cannot be written (${code ?? message}); make room there, or name another folder with --out`,
      { cause },
    );
  }
}
