import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';
import { type Restored, restoreBackup } from '../../node/backup/restore.ts';
import { loadClusterConfig, nodeInConfig } from '../../node/config/config.ts';
import { firstConfiguration } from '../../node/config/first-configuration.ts';
import { openLevelDisk } from '../../storage/level/level-disk.ts';
import type { Progress } from '../terminal/progress.ts';
import { unreadable } from '../terminal/unreadable.ts';
import { byteText, shownAfterMs } from './late-progress.ts';
import { syncFolder } from './sync-folder.ts';

export interface RestoreTarget {
  readonly data: string;
  readonly config: string;
  readonly id: string;
}

/** Restores beside the folder and puts the result in its place when it is whole. Errors: those of `restoreBackup`, `config-invalid`, `data-not-empty`. */
export async function restoreFile(
  file: string,
  target: RestoreTarget,
  progress: Progress,
): Promise<Restored> {
  const config = await loadClusterConfig(target.config);
  const { id } = nodeInConfig(config, target.id);
  const folder = resolve(target.data);
  const there = await isThere(folder);
  const { size } = await stat(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  const making = `${folder}.restoring`;
  await rm(making, { recursive: true, force: true });
  const late = shownAfterMs(progress, 2000);
  try {
    const disk = await openLevelDisk(making, { reserveBytes: Math.floor(config.disk.reserveBytes / 4) });
    let restored: Restored;
    try {
      restored = await restoreBackup(createReadStream(file, { highWaterMark: 1024 * 1024 }), {
        disk,
        folder: target.data,
        cluster: config.cluster,
        nodeId: id,
        newStoreId: randomBytes(16).toString('hex'),
        configuration: firstConfiguration(config.nodes),
        limits: config.limits,
        yieldTurn: () => new Promise((done) => setImmediate(done)),
        progress: (bytes) => late(`restore: ${byteText(bytes)} of ${byteText(size)}`),
      });
    } finally {
      await disk.close();
    }
    if (there) await rmdir(folder);
    await rename(making, folder);
    await syncFolder(dirname(folder));
    return restored;
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    if (error instanceof TanistError && error.code === 'disk-full')
      throw new TanistError(
        'disk-full',
        `nothing was restored: the disk of ${folder} has no room for it; free some space, or name another folder`,
        { cause: error },
      );
    throw error;
  } finally {
    progress.clear();
  }
}

/** Whether the folder is there, and empty. */
async function isThere(folder: string): Promise<boolean> {
  let content: readonly string[];
  try {
    content = await readdir(folder);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    throw new TanistError('data-not-empty', `${folder} is no folder that could be filled (${code})`, {
      cause,
    });
  }
  if (content.length === 0) return true;
  throw new TanistError(
    'data-not-empty',
    `${folder} is not empty: name another folder, or move away what is in it`,
  );
}
