import type { MemberFolder } from '../../ports/member-folder.ts';
import type { Life } from './life.ts';
import type { SimDisk } from './sim-disk.ts';

const notes = 'notes';
const files = 'files';

/** A member's folder on a simulated disk: notes and files are rows beside its databases. */
export function simFolder(disk: SimDisk, life: Life): MemberFolder {
  return {
    disk: disk.port(life),
    readNote: (name) => Promise.resolve(savedNote(disk, name)),
    writeNote: (name, text) => disk.save(life, notes, name, Buffer.from(text, 'utf8')),
    saveFile: async (name, chunks) => {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      await disk.save(life, files, name, Buffer.concat(parts));
    },
  };
}

/** Of a folder, past the process; for checks. */
export function savedFiles(disk: SimDisk): readonly string[] {
  return disk.durable(files)?.keys() ?? [];
}

export function savedFile(disk: SimDisk, name: string): Uint8Array | null {
  return disk.durable(files)?.get(name) ?? null;
}

export function savedNote(disk: SimDisk, name: string): string | null {
  const row = disk.durable(notes)?.get(name);
  return row === undefined ? null : Buffer.from(row).toString('utf8');
}
