import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface StoredFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Where a kind of member keeps what faults are made in. */
export interface Layout {
  /** Files that are complete and written no more, by their path in the data folder. */
  isTable(path: string): boolean;
  /** Files of the write-ahead log, the newest last in the order of their names. */
  isLog(path: string): boolean;
  /** The log is made of files with room at their end, which holds nothing. */
  readonly hasRoomAtEnd: boolean;
}

/** A folder for each LevelDB database; the Raft log is the one called so. */
export const tanistLayout: Layout = {
  isTable: (path) => /\.(ldb|sst)$/.test(path),
  isLog: (path) => basename(dirname(path)) === 'log' && /^\d+\.log$/.test(basename(path)),
  hasRoomAtEnd: false,
};

/** `member/snap/db` is a bbolt file; `member/wal` holds segments of 64 MB, made before they are needed. */
export const etcdLayout: Layout = {
  isTable: (path) => basename(path) === 'db',
  isLog: (path) => /\/wal\/[0-9a-f-]+\.wal$/.test(path),
  hasRoomAtEnd: true,
};

/** In the order of their paths; without empty ones. */
export async function storedFiles(
  folder: string,
  isOne: (path: string) => boolean,
): Promise<readonly StoredFile[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const found: StoredFile[] = [];
  for (const name of names.toSorted()) {
    const path = join(folder, name);
    if (!isOne(path)) continue;
    const entry = await stat(path).catch(() => null);
    if (entry?.isFile() === true && entry.size > 0) found.push({ path, sizeBytes: entry.size });
  }
  return found;
}
