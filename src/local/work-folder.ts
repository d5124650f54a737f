import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { prepareFolder } from '../storage/level/data-folder.ts';

/** The given folder, made and kept; or a new temporary one, removed when disposed. Errors: `data-not-writable`. */
export async function workFolder(
  given: string | undefined,
  prefix: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  if (given !== undefined) {
    const path = resolve(given);
    await prepareFolder(path);
    return { path, [Symbol.asyncDispose]: async () => undefined };
  }
  const path = await mkdtemp(join(tmpdir(), prefix));
  const always = { recursive: true, force: true, maxRetries: 3, retryDelay: 100 };
  // The way out of a process that was told to end at once. Its children are gone by then: they are killed by listeners put before this one.
  const atExit = (): void => rmSync(path, always);
  process.once('exit', atExit);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await rm(path, always);
      process.removeListener('exit', atExit);
    },
  };
}
