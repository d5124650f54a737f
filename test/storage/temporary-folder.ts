import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type LevelDiskOptions, openLevelDisk } from '../../src/storage/level/level-disk.ts';
import type { DiskUnderTest } from './database-conformance.ts';

/** A folder that is gone after the test. */
export async function temporaryFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-storage-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function levelUnderTest(options?: LevelDiskOptions): Promise<DiskUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-storage-'));
  const disk = await openLevelDisk(folder, options);
  return {
    disk,
    close: async () => {
      await disk.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
