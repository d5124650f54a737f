import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Journal } from '../machine/journal.ts';
import { isRoot, missingTools, runTool } from '../machine/run-tool.ts';

/** Room for a member that is not given much to do, with its reserve of free space. */
export const smallDiskBytes = 256 * 1024 * 1024;
const ballast = 'ballast';
const chunkBytes = 1024 * 1024;

/** Why members can't have file systems of their own here; null: they can. */
export async function lacksSmallDisks(): Promise<string | null> {
  if (process.platform !== 'linux') return 'small file systems are mounted as Linux does it';
  if (!isRoot()) return 'mounting a small file system takes root';
  const missing = missingTools(['mount', 'umount']);
  return missing.length === 0 ? null : `${missing.join(', ')} not installed`;
}

/** Mounts a file system in memory at `path`, which is made. Errors: `unavailable`. */
export async function mountSmallDisk(path: string, journal: Journal): Promise<void> {
  await mkdir(path, { recursive: true });
  journal.will({ kind: 'mount', path });
  await runTool('mount', ['-t', 'tmpfs', '-o', `size=${smallDiskBytes},mode=700`, 'tanist-chaos', path]);
}

/** Takes up all room of the file system but `freeBytes`; null: gives it back. */
export async function fillDisk(path: string, freeBytes: number | null): Promise<void> {
  const name = join(path, ballast);
  await rm(name, { force: true });
  if (freeBytes === null) return;
  const { bavail, bsize } = await statfs(path);
  const file = await open(name, 'w');
  try {
    const chunk = Buffer.alloc(chunkBytes, 1);
    for (let left = bavail * bsize - freeBytes; left > 0; left -= chunkBytes)
      await file.write(chunk, 0, Math.min(left, chunkBytes));
  } catch (error) {
    // The member took the rest meanwhile: as full as it can be.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
}
