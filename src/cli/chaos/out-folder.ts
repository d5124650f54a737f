import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';

/** Where reports go: the folder that is named, or a new one under `tanist-chaos/`. Errors: `data-not-writable`, with what to do. */
export async function outFolder(given: string | undefined, startedAt = new Date()): Promise<string> {
  const stamp = startedAt.toISOString().slice(0, 19).replace(/:/g, '-');
  const folder = resolve(given ?? join('tanist-chaos', stamp));
  await mkdir(folder, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new TanistError(
      'data-not-writable',
      `${folder}: cannot be made (${cause.code ?? cause.message}); name another with --out`,
      { cause },
    );
  });
  return folder;
}

/** The logs of a cluster whose run went wrong are kept beside the report; its data goes. */
export async function keepLogs(clusterFolder: string, out: string, name: string): Promise<void> {
  const from = join(clusterFolder, 'logs');
  const logs = (await readdir(from).catch(() => [])).filter((file) => file.endsWith('.log'));
  if (logs.length === 0) return;
  const to = join(out, 'logs', name);
  await mkdir(to, { recursive: true });
  // A disk that is full on our side must not hide what was found.
  await Promise.allSettled(logs.map((file) => copyFile(join(from, file), join(to, file))));
}
