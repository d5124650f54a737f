import { TanistError } from '../../foundation/errors.ts';
import type { Disk, OpenedDatabase } from '../../ports/database.ts';
import { ColdStore, type ColdStoreOptions } from './cold-store.ts';

const databaseName = 'cold';
const evidenceName = 'cold.evidence';

/**
 * For `openLevelDisk`: what LevelDB may take of memory. Its files are mapped as they are read, so how many it keeps open, and their size, bounds what
 * stays in memory after a scan of all.
 */
export const coldDatabases = {
  [databaseName]: {
    writeBufferBytes: 2 * 1024 * 1024,
    maxFileBytes: 1024 * 1024,
    maxOpenFiles: 14,
    cacheBytes: 1024 * 1024,
  },
} as const;

/**
 * Opens or makes the store. A crash at any moment leaves the snapshots that had their records, and no others; what else is there is removed. Damage is
 * kept as evidence and never served: what it touches is quarantined until a new base is there.
 */
export async function openColdStore(disk: Disk, options: ColdStoreOptions): Promise<ColdStore> {
  const first = await disk.open(databaseName, { redoable: true }).catch((error: unknown) => {
    if (error instanceof TanistError && error.code === 'data-damaged') return error;
    throw error;
  });
  let why: string | null = null;
  let opened: OpenedDatabase;
  if (first instanceof TanistError || first.integrity === 'damaged') {
    why = first instanceof TanistError ? first.message : first.detail;
    if (!(first instanceof TanistError)) await first.database.close();
    await disk.remove(evidenceName);
    await disk.replace(evidenceName, databaseName);
    opened = await disk.open(databaseName, { redoable: true });
  } else opened = first;
  const store = new ColdStore(opened.database, options);
  await store.load(why);
  return store;
}
