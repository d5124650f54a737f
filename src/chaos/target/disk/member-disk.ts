import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TanistError } from '../../../foundation/errors.ts';
import type { Disk } from '../../target.ts';
import { cutEndOf, flipBitIn, usedBytesOf } from './damage.ts';
import { fillDisk } from './small-disk.ts';
import { type Layout, type StoredFile, storedFiles } from './stored-files.ts';

export interface DiskOptions {
  readonly layout: Layout;
  /** Images that are saved go there. */
  readonly savedFolder: string;
  dataFolder(id: string): string;
  isRunning(id: string): boolean;
  /** The file system of the member's own; null: it has none. */
  smallDisk(id: string): string | null;
}

/** Faults of members' disks, made in their files. */
export function memberDisk({ layout, savedFolder, dataFolder, isRunning, smallDisk }: DiskOptions): Disk {
  let saved = 0;
  const folderOf = (id: string): string => {
    if (isRunning(id))
      throw new TanistError('invalid-argument', `${id} runs; its files can be harmed when it has ended`);
    return dataFolder(id);
  };
  const used = (file: StoredFile): Promise<number> =>
    layout.hasRoomAtEnd ? usedBytesOf(file) : Promise.resolve(file.sizeBytes);
  const newestLog = async (folder: string): Promise<{ file: StoredFile; usedBytes: number } | null> => {
    for (const file of (await storedFiles(folder, layout.isLog)).toReversed()) {
      const usedBytes = await used(file);
      if (usedBytes > 0) return { file, usedBytes };
    }
    return null;
  };
  return {
    flipBit: async (id, where, random) => {
      const folder = folderOf(id);
      if (where === 'log') {
        const newest = await newestLog(folder);
        return newest === null ? null : await flipBitIn(newest.file, newest.usedBytes, random);
      }
      const tables = await storedFiles(folder, layout.isTable);
      const table = tables[Math.floor(random() * tables.length)];
      return table === undefined ? null : await flipBitIn(table, table.sizeBytes, random);
    },
    truncateTail: async (id, random) => {
      const newest = await newestLog(folderOf(id));
      return newest === null ? null : await cutEndOf(newest.file, newest.usedBytes, random);
    },
    remove: async (id) => await emptied(folderOf(id)),
    save: async (id) => {
      const folder = folderOf(id);
      const image = join(savedFolder, `${id}-${++saved}`);
      await mkdir(savedFolder, { recursive: true });
      await cp(folder, image, { recursive: true });
      return image;
    },
    putBack: async (id, image) => {
      const folder = folderOf(id);
      await emptied(folder);
      await cp(image, folder, { recursive: true });
    },
    fill: async (id, freeBytes) => {
      const place = smallDisk(id);
      if (place === null)
        throw new TanistError('invalid-argument', `${id} has no file system of its own that could be filled`);
      await fillDisk(place, freeBytes);
    },
  };
}

async function emptied(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
}
