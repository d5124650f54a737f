import { copyFile, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';

/** Where reports go: the folder that is named, or a new one under `tanist-chaos/`. Errors: `data-not-writable`, with what to do. */
export async function outFolder(given: string | undefined, startedAt = new Date()): Promise<string> {
  const folder = given === undefined ? await unusedFolder(startedAt) : resolve(given);
  for (const name of ['soak.json', 'report.json'])
    if (await exists(join(folder, name)))
      throw new TanistError(
        'invalid-argument',
        `${folder}: holds ${name === 'soak.json' ? 'a soak (--resume goes on with it)' : 'an earlier report'}; name another folder with --out, or remove it`,
      );
  const probe = join(folder, '.written');
  try {
    await made(folder);
    // Before hours of work, not after them.
    await writeFile(probe, '');
    await rm(probe);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new TanistError(
      'data-not-writable',
      `${folder}: cannot be written to (${code ?? message}); name another with --out`,
      { cause },
    );
  }
  return folder;
}

/** Two may begin within a second. */
async function unusedFolder(startedAt: Date): Promise<string> {
  const stamp = resolve('tanist-chaos', startedAt.toISOString().slice(0, 19).replace(/:/g, '-'));
  for (let n = 1; ; n++) {
    const folder = n === 1 ? stamp : `${stamp}-${n}`;
    if (!(await exists(folder))) return folder;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The recursive one of Node.js goes on for ever where the file system says `ENOENT` to a folder whose parent is there, as /proc does. */
async function made(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    const parent = dirname(folder);
    if (code !== 'ENOENT' || parent === folder) throw error;
    await made(parent);
    await mkdir(folder);
  }
}

/** The logs of a cluster whose run went wrong are kept beside the report; its data goes. */
export async function keepLogs(clusterFolder: string, out: string, name: string): Promise<void> {
  const from = join(clusterFolder, 'logs');
  const logs = (await readdir(from).catch(() => [])).filter((file) => file.endsWith('.log'));
  if (logs.length === 0) return;
  const to = join(out, 'logs', name);
  // A disk that is full on our side must not hide what was found.
  const made = await mkdir(to, { recursive: true }).then(
    () => true,
    () => false,
  );
  if (made) await Promise.allSettled(logs.map((file) => copyFile(join(from, file), join(to, file))));
}

/** What is written on the way is a service; the next run goes on without it, and the one at the end says it again. */
export async function toleratingFullDisk(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof TanistError)) throw error;
    process.stderr.write(`tanist: ${error.message}\n`);
  }
}
