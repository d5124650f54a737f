import { fstatSync } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseChange } from '../../ports/database.ts';

/**
 * Keeps what an unsynced write may lose a suffix of all writes. LevelDB changes to a new write-ahead file when its memory table is full and
 * does not sync the old one, so after a power cut newer writes could be there and older ones not. So the old file is synced
 * before any write that may change files, and the folder's entry of the new one after it. When a change is due is known within bounds:
 * the memory table's size is at least the bytes put into it and at most those plus a known overhead. Whether there was one is told by the old file: it did
 * not grow. That is asked in the event loop, of the inode in memory: in a third of all writes of small values a change is possible.
 */
export class WriteAheadFiles {
  readonly #folder: string;
  readonly #writeBufferBytes: number;
  #atMostBytes = firstBytes;
  /** The newest when last looked for. */
  #name: string | null = null;
  /** Open from when a change is near until there was one. */
  #newest: FileHandle | null = null;
  #bytesBefore = 0;
  /** What is in the newest file is durable. */
  #isSynced = true;
  /** Under way: each changes files whenever it likes. */
  #compactions = 0;

  constructor(folder: string, writeBufferBytes: number) {
    this.#folder = folder;
    this.#writeBufferBytes = writeBufferBytes;
  }

  /** Before a write: null when there is nothing to wait for. */
  before(): Promise<void> | null {
    if (!this.#mayChange) return null;
    if (this.#newest === null || !this.#isSynced) return this.#prepare();
    this.#bytesBefore = sizeOf(this.#newest);
    return null;
  }

  /** After a write: null when it didn't change files. */
  after(changes: readonly DatabaseChange[], sync: boolean): Promise<void> | null {
    const bytes = memoryBytes(changes);
    const grew = !this.#mayChange || (this.#newest !== null && sizeOf(this.#newest) > this.#bytesBefore);
    this.#atMostBytes += bytes;
    this.#isSynced = sync;
    return grew ? null : this.#lookForChange(bytes);
  }

  /** A compaction begins, between two writes. Until it has ended, writes have to be synced. */
  async compacting(): Promise<void> {
    await this.#prepare();
    this.#compactions += 1;
  }

  get isCompacting(): boolean {
    return this.#compactions > 0;
  }

  /** It has ended, and no write is under way. */
  async compacted(): Promise<void> {
    this.#compactions -= 1;
    await this.#lookForChange(0);
  }

  async close(): Promise<void> {
    const newest = this.#newest;
    this.#newest = null;
    await newest?.close();
  }

  get #mayChange(): boolean {
    return this.#compactions > 0 || this.#atMostBytes > this.#writeBufferBytes;
  }

  async #prepare(): Promise<void> {
    if (this.#newest === null) {
      this.#name = await newestWriteAhead(this.#folder);
      if (this.#name === null) return;
      this.#newest = await open(join(this.#folder, this.#name), 'r');
    }
    if (!this.#isSynced) await this.#newest.sync();
    this.#isSynced = true;
    this.#bytesBefore = sizeOf(this.#newest);
  }

  async #lookForChange(bytes: number): Promise<void> {
    const name = await newestWriteAhead(this.#folder);
    if (name === this.#name) return;
    await sync(this.#folder);
    await this.close();
    this.#name = name;
    this.#atMostBytes = firstBytes + bytes;
  }
}

function sizeOf({ fd }: FileHandle): number {
  return fstatSync(fd).size;
}

const firstBytes = 8192;

/** Upper bound of what LevelDB's arena counts for these (util/arena.cc, db/skiplist.h: nodes of up to 12 links, blocks of 4 KiB). */
function memoryBytes(changes: readonly DatabaseChange[]): number {
  let total = 0;
  for (const change of changes) {
    const bytes = change.key.length * 2 + (change.type === 'put' ? change.value.length : 0) + 192;
    total += bytes < 2048 ? bytes * 1.5 : bytes + 64;
  }
  return total;
}

async function newestWriteAhead(folder: string): Promise<string | null> {
  let newest: string | null = null;
  let highest = -1;
  for (const name of await readdir(folder)) {
    const number = name.endsWith('.log') ? Number.parseInt(name, 10) : -1;
    if (number > highest) {
      highest = number;
      newest = name;
    }
  }
  return newest;
}

export async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
