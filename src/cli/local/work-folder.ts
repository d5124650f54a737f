import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The given folder, kept; or a new temporary one, removed when disposed. */
export async function workFolder(
  given: string | undefined,
  prefix: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  if (given !== undefined) {
    const path = resolve(given);
    await mkdir(path, { recursive: true });
    return { path, [Symbol.asyncDispose]: async () => undefined };
  }
  const path = await mkdtemp(join(tmpdir(), prefix));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 }),
  };
}
