import { createWriteStream } from 'node:fs';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Disk } from '../../ports/database.ts';
import type { MemberFolder } from '../../ports/member-folder.ts';
import { codeOf } from './causes.ts';
import { unwritable } from './data-folder.ts';
import { sync } from './write-ahead-files.ts';

/** A data folder whose disk is open. Notes and files stand beside the databases. Errors: `disk-full`, `data-not-writable`. */
export function levelFolder(folder: string, disk: Disk): MemberFolder {
  const place = async (draft: string, name: string): Promise<void> => {
    await rename(draft, join(folder, name));
    await sync(folder);
  };
  return {
    disk,
    readNote: (name) =>
      readFile(join(folder, name), 'utf8').catch((cause: unknown) => {
        if (codeOf(cause) === 'ENOENT') return null;
        throw unwritable(folder, cause);
      }),
    writeNote: async (name, text) => {
      const draft = join(folder, `${name}.draft`);
      try {
        await writeFile(draft, text, { flush: true });
        await place(draft, name);
      } catch (cause) {
        throw unwritable(folder, cause);
      }
    },
    saveFile: async (name, chunks) => {
      const draft = join(folder, `${name}.draft`);
      const target = createWriteStream(draft);
      try {
        await pipeline(Readable.from(chunks, { objectMode: true, highWaterMark: 2 }), target);
        const handle = await open(draft, 'r+');
        await handle.sync().finally(() => handle.close());
        await place(draft, name);
      } catch (cause) {
        await rm(draft, { force: true });
        throw codeOf(cause) === '' ? cause : unwritable(folder, cause);
      }
    },
  };
}
