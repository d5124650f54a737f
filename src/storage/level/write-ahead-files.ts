import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseChange } from '../../ports/database.ts';

/**
 * Keeps what an unsynced write may lose a suffix of all writes. LevelDB changes to a new write-ahead file when its memory table is full and
 * does not sync the old one, so after a power cut newer writes could be there and older ones not. So the old file is synced
 * before any write that may change files, and the folder's entry of the new one after it. When a change is due is known within bounds:
 * the memory table's size is at least the bytes put into it and at most those plus a known overhead.
 */
export class WriteAheadFiles {
  readonly #folder: string;
  readonly #writeBufferBytes: number;
  #atMostBytes = firstBytes;
  #newest: string | null = null;

  constructor(folder: string, writeBufferBytes: number) {
    this.#folder = folder;
    this.#writeBufferBytes = writeBufferBytes;
  }

  /** Before a write: null when it can't change files. */
  before(): Promise<void> | null {
    return this.#atMostBytes <= this.#writeBufferBytes ? null : this.#syncNewest();
  }

  /** After a write: null when it can't have changed files. */
  after(changes: readonly DatabaseChange[]): Promise<void> | null {
    const mayHaveChanged = this.#atMostBytes > this.#writeBufferBytes;
    const bytes = memoryBytes(changes);
    this.#atMostBytes += bytes;
    return mayHaveChanged ? this.#noteChange(bytes) : null;
  }

  async #syncNewest(): Promise<void> {
    this.#newest = await newestWriteAhead(this.#folder);
    if (this.#newest !== null) await sync(join(this.#folder, this.#newest));
  }

  async #noteChange(bytes: number): Promise<void> {
    const newest = await newestWriteAhead(this.#folder);
    if (newest === this.#newest) return;
    await sync(this.#folder);
    this.#newest = newest;
    this.#atMostBytes = firstBytes + bytes;
  }
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
