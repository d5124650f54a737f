import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * The folder with all above it. Each is tried twice at most: below `/proc`, where nothing can be made and the parent is there, Node.js' own recursive `mkdir`
 * never ends. Fails as the file system does.
 */
export async function makeFolder(path: string): Promise<void> {
  const error = await made(path);
  if (error === null) return;
  if (error.code === 'EEXIST' && (await stat(path)).isDirectory()) return;
  const above = dirname(path);
  if (error.code !== 'ENOENT' || above === path) throw error;
  await makeFolder(above);
  const again = await made(path);
  if (again !== null && again.code !== 'EEXIST') throw again;
}

const made = (path: string): Promise<NodeJS.ErrnoException | null> =>
  mkdir(path).then(
    () => null,
    (error: NodeJS.ErrnoException) => error,
  );
