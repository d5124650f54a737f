import { TanistError } from '../../foundation/errors.ts';
import type { Random } from '../../foundation/random.ts';
import type { Database, DatabaseChange, DatabaseRow } from '../../ports/database.ts';
import type { Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';
import { SortedRows } from './sorted-rows.ts';

/** What a disk does at present; faults change it. Latencies in ms. */
export interface DiskWeather {
  syncMs: number;
  /** A synced write takes up to so much longer, each its own draw. */
  syncJitterMs: number;
  full: boolean;
  /** Of each read: the chance that it fails. */
  readErrors: number;
  /** The next synced write fails, and everything after it. */
  failNextSync: boolean;
}

export function fairWeather(): DiskWeather {
  return { syncMs: 0.2, syncJitterMs: 0.3, full: false, readErrors: 0, failNextSync: false };
}

type Changes = readonly DatabaseChange[];

/** The files of one database: what a crash leaves, and what it may take. */
export class DatabaseFiles {
  durable = new SortedRows();
  /** Written in this order and not synced yet: a crash of the machine keeps a prefix. */
  unsynced: Changes[] = [];
  integrity: 'clean' | 'torn' | 'damaged' = 'clean';
  tornBytes = 0;

  /** Everything up to now is on the disk. */
  sync(): void {
    for (const changes of this.unsynced) this.durable.apply(changes);
    this.unsynced = [];
  }

  /** The machine lost power, or only the process died (then what was written stays). `underWay`: not answered yet. */
  crash(random: Random, power: boolean, underWay: readonly Changes[]): void {
    const all = [...this.unsynced, ...underWay];
    const least = power ? 0 : this.unsynced.length;
    const kept = least + random.below(all.length - least + 1);
    const torn = all[kept];
    this.unsynced = all.slice(0, kept);
    this.sync();
    if (torn !== undefined && random.chance(0.5)) {
      this.integrity = 'torn';
      this.tornBytes = 1 + random.below(64);
    }
  }

  copy(): DatabaseFiles {
    const copy = new DatabaseFiles();
    copy.durable = this.durable.copy();
    copy.unsynced = [...this.unsynced];
    return copy;
  }
}

/** An open database: simulated time for every call, faults by the weather. */
export class SimDatabase implements Database {
  readonly files: DatabaseFiles;
  readonly #rows: SortedRows;
  readonly #scheduler: Scheduler;
  readonly #life: Life;
  readonly #weather: DiskWeather;
  readonly #random: Random;
  readonly #underWay: Changes[] = [];
  #freeAtMs = 0;
  #failed: TanistError | null = null;
  #closed = false;

  constructor(
    files: DatabaseFiles,
    parts: {
      readonly scheduler: Scheduler;
      readonly life: Life;
      readonly weather: DiskWeather;
      readonly random: Random;
    },
  ) {
    this.files = files;
    this.#rows = files.durable.copy();
    for (const changes of files.unsynced) this.#rows.apply(changes);
    this.#scheduler = parts.scheduler;
    this.#life = parts.life;
    this.#weather = parts.weather;
    this.#random = parts.random;
  }

  /** Writes that nobody was told about yet. */
  get underWay(): readonly Changes[] {
    return this.#underWay;
  }

  /** What it holds there is another content from now on, unless it has been removed. */
  rot(key: string, value: Uint8Array): void {
    if (this.#rows.get(key) !== undefined) this.#rows.apply([{ type: 'put', key, value }]);
  }

  write(changes: Changes, { sync }: { readonly sync: boolean }): Promise<void> {
    const weather = this.#weather;
    const costMs = sync ? weather.syncMs + this.#random.next() * weather.syncJitterMs : 0.02;
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#scheduler.nowMs) + costMs;
    this.#underWay.push(changes);
    return this.#answer(this.#freeAtMs, () => {
      this.#underWay.shift();
      if (this.#failed !== null) throw this.#failed;
      if (weather.full) throw new TanistError('disk-full', 'the simulated disk is full');
      if (sync && weather.failNextSync) {
        weather.failNextSync = false;
        this.#failed = new TanistError('storage-failed', 'a simulated synced write failed');
        if (this.#random.chance(0.5)) this.files.unsynced.push(changes);
        throw this.#failed;
      }
      this.#rows.apply(changes);
      this.files.unsynced.push(changes);
      if (sync) this.files.sync();
    });
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#read(() => this.#rows.get(key));
  }

  /** As of the call, like an iterator over an implicit snapshot. */
  scan(from: string, to: string, batchBytes: number): AsyncIterable<readonly DatabaseRow[]> {
    return this.#batches(this.#rows.range(from, to), batchBytes);
  }

  async *#batches(rows: readonly DatabaseRow[], batchBytes: number): AsyncIterable<readonly DatabaseRow[]> {
    let batch: DatabaseRow[] = [];
    let bytes = 0;
    await this.#read(() => undefined);
    for (const row of rows) {
      batch.push(row);
      bytes += row.value.length + row.key.length;
      if (bytes < batchBytes) continue;
      yield batch;
      batch = [];
      bytes = 0;
      await this.#read(() => undefined);
    }
    if (batch.length > 0) yield batch;
  }

  last(from: string, to: string): Promise<DatabaseRow | undefined> {
    return this.#read(() => this.#rows.last(from, to));
  }

  compact(): Promise<void> {
    return Promise.resolve();
  }

  sizeBytes(from: string, to: string): Promise<number> {
    return this.#read(() =>
      this.#rows.range(from, to).reduce((sum, row) => sum + row.key.length + row.value.length, 0),
    );
  }

  close(): Promise<void> {
    return this.#answer(Math.max(this.#freeAtMs, this.#scheduler.nowMs), () => {
      this.#closed = true;
    });
  }

  #read<T>(look: () => T): Promise<T> {
    return this.#answer(this.#scheduler.nowMs + 0.02, () => {
      if (this.#random.chance(this.#weather.readErrors)) {
        throw new TanistError('storage-failed', 'a simulated read failed');
      }
      return look();
    });
  }

  #answer<T>(atMs: number, act: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new TanistError('storage-failed', 'the database is closed'));
    return new Promise((resolve, reject) => {
      this.#scheduler.at(atMs, () =>
        this.#life.enter(() => {
          try {
            resolve(act());
          } catch (error) {
            reject(error);
          }
        }),
      );
    });
  }
}
