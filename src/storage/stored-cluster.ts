import type { Disk } from '../ports/database.ts';
import { imageName } from './image/image-database.ts';
import { formatKey } from './image/image-records.ts';
import { identityKey } from './log/log-records.ts';
import { logName } from './log/open-log.ts';
import { isSealed, openJson } from './record-codec.ts';

/** Whose a closed database is, where that much of it can still be read. */
export async function storedCluster(disk: Disk, part: 'log' | 'state'): Promise<string | null> {
  const [name, key] = part === 'log' ? [logName, identityKey] : [imageName, formatKey];
  if (!(await disk.exists(name))) return null;
  const opened = await disk.open(name, { redoable: part === 'state' }).catch(() => null);
  if (opened === null) return null;
  try {
    const value = await opened.database.get(key).catch(() => undefined);
    if (value === undefined || !isSealed(key, value)) return null;
    return (openJson(name, key, value) as { readonly clusterId: string }).clusterId;
  } finally {
    await opened.database.close();
  }
}
