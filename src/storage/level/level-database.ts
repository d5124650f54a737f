import { Level } from 'level';
import { TanistError } from '../../foundation/errors.ts';
import type { Database, DatabaseChange, DatabaseRow } from '../../ports/database.ts';
import { damaged } from '../record-codec.ts';
import { codeOf, reason } from './causes.ts';
import type { FreeSpace } from './free-space.ts';
import { inspectTables } from './table-inspection.ts';
import { WriteAheadFiles } from './write-ahead-files.ts';

type Change = { type: 'put'; key: string; value: Buffer } | { type: 'del'; key: string };

/** What is used of classic-level; `level`'s own types leave out what only LevelDB can do. */
interface Store {
  open(): Promise<void>;
  /** Of keys and values that are in the store's own encodings. */
  writeEncoded(changes: Change[], options: { sync: boolean }): Promise<void>;
  get(key: string): Promise<Buffer | undefined>;
  iterator(options: {
    gte: string;
    lt: string;
    fillCache?: boolean;
    highWaterMarkBytes?: number;
    reverse?: boolean;
    limit?: number;
  }): StoreIterator;
  approximateSize(from: string, to: string): Promise<number>;
  compactRange(from: string, to: string): Promise<void>;
  close(): Promise<void>;
}

/** What classic-level implements, and what abstract-level's `batch` calls once it has copied and encoded each operation: a third of a small write. */
interface Implementation {
  _batch(changes: Change[], options: { sync: boolean }): Promise<void>;
}

class EncodedLevel extends Level<string, Buffer> {
  async writeEncoded(changes: Change[], options: { sync: boolean }): Promise<void> {
    // What `batch` would look at: below it nothing does.
    if (this.status !== 'open') throw new Error(`the database is ${this.status}`);
    await (this as unknown as Implementation)._batch(changes, options);
  }
}

interface StoreIterator {
  nextv(size: number): Promise<[string, Buffer][]>;
  all(): Promise<[string, Buffer][]>;
  close(): Promise<void>;
}

export interface LevelDatabaseOptions {
  /** LevelDB's memory table; two of them are held at most, and an open replays as much. */
  readonly writeBufferBytes: number;
  readonly maxFileBytes: number;
  /** Files that LevelDB keeps open, mapped into memory once read. Default 1,000: all of them. */
  readonly maxOpenFiles?: number;
  /** Of blocks. Default 8 MiB. */
  readonly cacheBytes?: number;
}

/** Opens LevelDB in `folder`. The caller has looked at its write-ahead files before. */
export async function openLevelDatabase(
  folder: string,
  space: FreeSpace,
  options: LevelDatabaseOptions,
): Promise<Database> {
  const store = new EncodedLevel(folder, {
    keyEncoding: 'utf8',
    valueEncoding: 'buffer',
    createIfMissing: true,
    compression: false,
    cacheSize: options.cacheBytes ?? 8 * 1024 * 1024,
    ...(options.maxOpenFiles === undefined ? {} : { maxOpenFiles: options.maxOpenFiles }),
    writeBufferSize: options.writeBufferBytes,
    maxFileSize: options.maxFileBytes,
  }) as unknown as Store;
  await store.open();
  return new LevelDatabase(folder, store, space, options);
}

/**
 * Keys are latin1 text, stored as UTF-8, which keeps their order. Writes are carried out one at a time in the order of the calls: LevelDB's
 * own threads would not keep it. The first failed write is final: LevelDB may have written a part of it, and would write on behind that.
 */
class LevelDatabase implements Database {
  readonly #folder: string;
  readonly #store: Store;
  readonly #space: FreeSpace;
  readonly #files: WriteAheadFiles;
  #failed: TanistError | null = null;
  #isClosed = false;
  #lastWrite: Promise<void> = Promise.resolve();
  #lastCompaction: Promise<void> = Promise.resolve();

  constructor(folder: string, store: Store, space: FreeSpace, options: LevelDatabaseOptions) {
    this.#folder = folder;
    this.#store = store;
    this.#space = space;
    this.#files = new WriteAheadFiles(folder, options.writeBufferBytes);
  }

  write(changes: readonly DatabaseChange[], options: { readonly sync: boolean }): Promise<void> {
    return this.#inTurn(() => this.#write(changes, options.sync));
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const done = this.#lastWrite.then(act);
    this.#lastWrite = done.catch(() => undefined);
    return done;
  }

  async #write(changes: readonly DatabaseChange[], sync: boolean): Promise<void> {
    if (this.#failed !== null) throw this.#failed;
    let bytes = 0;
    for (const change of changes)
      bytes += change.key.length + (change.type === 'put' ? change.value.length : 0);
    const admitted = this.#space.admit(bytes);
    if (admitted !== null) await admitted;
    try {
      const before = this.#files.before();
      if (before !== null) await before;
      const synced = sync || this.#files.isCompacting;
      await this.#store.writeEncoded(changes as Change[], { sync: synced });
      const after = this.#files.after(changes, synced);
      if (after !== null) await after;
    } catch (cause) {
      throw this.#fail(cause);
    }
  }

  #fail(cause: unknown): TanistError {
    this.#failed = new TanistError(
      'storage-failed',
      `writing to ${this.#folder} failed (${reason(cause)}): what reached the disk is unknown, so the node stops; ` +
        'check the disk, then start it again',
      { cause },
    );
    return this.#failed;
  }

  inspect(pace: (bytes: number) => Promise<void>): Promise<string | null> {
    return inspectTables(this.#folder, { wholeBytes: Number.POSITIVE_INFINITY, pace });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#store.get(key);
    } catch (cause) {
      throw this.#readError(cause, key);
    }
  }

  scan(from: string, to: string, batchBytes: number): AsyncIterable<readonly DatabaseRow[]> {
    const iterator = this.#store.iterator({
      gte: from,
      lt: to,
      fillCache: false,
      highWaterMarkBytes: batchBytes,
    });
    return this.#rows(iterator, from);
  }

  /** Not a generator: `return()` must close LevelDB's iterator also when nothing was read. */
  #rows(iterator: StoreIterator, from: string): AsyncIterableIterator<readonly DatabaseRow[]> {
    const next = async (): Promise<IteratorResult<readonly DatabaseRow[]>> => {
      try {
        const entries = await iterator.nextv(1000);
        if (entries.length > 0)
          return { done: false, value: entries.map(([key, value]) => ({ key, value })) };
      } catch (cause) {
        await iterator.close();
        throw this.#readError(cause, from);
      }
      await iterator.close();
      return { done: true, value: undefined };
    };
    const rows: AsyncIterableIterator<readonly DatabaseRow[]> = {
      next,
      return: async () => {
        await iterator.close();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => rows,
    };
    return rows;
  }

  async last(from: string, to: string): Promise<DatabaseRow | undefined> {
    try {
      const iterator = this.#store.iterator({ gte: from, lt: to, reverse: true, limit: 1 });
      const entries = await iterator.all();
      const entry = entries[0];
      return entry === undefined ? undefined : { key: entry[0], value: entry[1] };
    } catch (cause) {
      throw this.#readError(cause, from);
    }
  }

  sizeBytes(from: string, to: string): Promise<number> {
    return this.#store.approximateSize(from, to);
  }

  /** On LevelDB's own thread; one after the other, so that a change of files is noticed before the next one. */
  compact(from: string, to: string): Promise<void> {
    const done = this.#lastCompaction.then(() => this.#compact(from, to));
    this.#lastCompaction = done.catch(() => undefined);
    return done;
  }

  async #compact(from: string, to: string): Promise<void> {
    await this.#betweenWrites(() => this.#files.compacting());
    try {
      await this.#store.compactRange(from, to);
    } finally {
      await this.#betweenWrites(() => this.#files.compacted());
    }
  }

  /** Fails as a write does: what could not be synced once may be lost, whatever a second attempt says. */
  #betweenWrites(act: () => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isClosed) throw new TanistError('closed', `the database in ${this.#folder} is closed`);
      if (this.#failed !== null) throw this.#failed;
      await act().catch((cause: unknown) => {
        throw this.#fail(cause);
      });
    });
  }

  async close(): Promise<void> {
    await this.#lastWrite;
    this.#isClosed = true;
    try {
      await this.#store.close();
    } finally {
      await this.#files.close();
    }
  }

  #readError(cause: unknown, key: string): TanistError {
    if (codeOf(cause) === 'LEVEL_CORRUPTION')
      return damaged(this.#folder, `near key ${JSON.stringify(key)}: ${reason(cause)}`, cause);
    return new TanistError(
      'storage-failed',
      `reading from ${this.#folder} failed (${reason(cause)}): check the disk`,
      {
        cause,
      },
    );
  }
}
