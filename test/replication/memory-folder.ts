import type { MemberFolder } from '../../src/ports/member-folder.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';

/** A member's folder in memory. Notes and files are atomic, and operations of the disk like all others: crashes are tried at them too. */
export class MemoryFolder implements MemberFolder {
  readonly disk: MemoryDisk;
  readonly notes: Map<string, string>;
  readonly files: Map<string, Buffer>;

  constructor(disk = new MemoryDisk(), notes = new Map<string, string>(), files = new Map<string, Buffer>()) {
    this.disk = disk;
    this.notes = notes;
    this.files = files;
  }

  async readNote(name: string): Promise<string | null> {
    await this.disk.step(() => undefined);
    return this.notes.get(name) ?? null;
  }

  async writeNote(name: string, text: string): Promise<void> {
    await this.disk.step(() => this.notes.set(name, text));
  }

  async saveFile(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    await this.disk.step(() => this.files.set(name, Buffer.concat(parts)));
  }

  /** As the next start finds it after power was lost. */
  crashed(seed: number): MemoryFolder {
    return new MemoryFolder(this.disk.crash(seed), new Map(this.notes), new Map(this.files));
  }

  copy(): MemoryFolder {
    return new MemoryFolder(this.disk.copy(), new Map(this.notes), new Map(this.files));
  }
}

export async function* inOne(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
