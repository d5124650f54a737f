import { TanistError } from '../../src/foundation/errors.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { Database, DatabaseChange, DatabaseRow, Disk } from '../../src/ports/database.ts';

interface Content {
  durable: Map<string, Uint8Array>;
  unsynced: (readonly DatabaseChange[])[];
}

/** The process died: thrown by the operation that was under way and by all later ones. */
export class Crash extends Error {}

/** A disk in memory that can crash at any operation and lose any suffix of what was not synced. */
export class MemoryDisk implements Disk {
  contents = new Map<string, Content>();
  syncedWrites = 0;
  writes = 0;
  operations = 0;
  /** The operation at which the process dies, and whether that one still took effect. */
  crashAt = Number.POSITIVE_INFINITY;
  takesEffect = false;
  #dead = false;
  /** Fails the next writes with this. */
  failWrites: TanistError | null = null;
  /** Holds writes back until it resolves. */
  gate: Promise<void> | null = null;
  readonly marked = new Map<string, string>();
  readonly opened = new Set<string>();

  async open(name: string): Promise<{ database: Database; integrity: 'clean' | 'damaged'; detail: string }> {
    await this.step(() => undefined);
    if (this.opened.has(name)) throw new TanistError('data-locked', `${name} is open`);
    this.opened.add(name);
    let content = this.contents.get(name);
    if (content === undefined) {
      content = { durable: new Map(), unsynced: [] };
      this.contents.set(name, content);
    }
    const detail = this.marked.get(name);
    return {
      database: new MemoryDatabase(this, name, content),
      integrity: detail === undefined ? 'clean' : 'damaged',
      detail: detail ?? '',
    };
  }

  async setAside(name: string): Promise<string | null> {
    const content = this.contents.get(name);
    if (content === undefined) return null;
    await this.step(() => {
      this.contents.set(`${name}.evidence-1`, content);
      this.contents.delete(name);
    });
    return `${name}.evidence-1`;
  }

  async replace(
    name: string,
    replacement: string,
    options: { readonly keepOld?: boolean } = {},
  ): Promise<void> {
    const old = this.contents.get(name);
    if (options.keepOld === true && old !== undefined) this.contents.set(`${name}.evidence-1`, old);
    await this.step(() => {
      const content = this.contents.get(replacement);
      if (content === undefined || this.opened.has(name) || this.opened.has(replacement))
        throw new Error('replace: not closed');
      this.contents.set(name, content);
      this.contents.delete(replacement);
    });
  }

  async remove(name: string): Promise<void> {
    await this.step(() => this.contents.delete(name));
  }

  async exists(name: string): Promise<boolean> {
    await this.step(() => undefined);
    return this.contents.has(name);
  }

  /** Every operation passes here: the await points at which a crash is tried. */
  async step(act: () => unknown): Promise<void> {
    await null;
    if (this.#dead) throw new Crash();
    if (++this.operations >= this.crashAt) {
      this.#dead = true;
      if (this.takesEffect) act();
      throw new Crash();
    }
    act();
  }

  /** Power is lost; a prefix of the unsynced writes of each database survives. The disk as it is then. */
  crash(seed: number): MemoryDisk {
    const random = seededRandom(seed);
    const disk = new MemoryDisk();
    for (const [name, content] of this.contents) {
      const durable = new Map(content.durable);
      for (const changes of content.unsynced.slice(0, random.below(content.unsynced.length + 1)))
        apply(durable, changes);
      disk.contents.set(name, { durable, unsynced: [] });
    }
    return disk;
  }

  /** Everything there is, as a stopped process leaves it. */
  copy(): MemoryDisk {
    const disk = new MemoryDisk();
    for (const [name, content] of this.contents) {
      disk.contents.set(name, { durable: visible(content), unsynced: [] });
    }
    return disk;
  }

  rows(name: string): Map<string, Uint8Array> {
    return visible(this.contents.get(name) ?? { durable: new Map(), unsynced: [] });
  }
}

class MemoryDatabase implements Database {
  readonly #disk: MemoryDisk;
  readonly #name: string;
  readonly #content: Content;
  #order: Promise<unknown> = Promise.resolve();

  constructor(disk: MemoryDisk, name: string, content: Content) {
    this.#disk = disk;
    this.#name = name;
    this.#content = content;
  }

  write(changes: readonly DatabaseChange[], options: { readonly sync: boolean }): Promise<void> {
    const copied = changes.map((change) =>
      change.type === 'put' ? { ...change, value: Uint8Array.from(change.value) } : change,
    );
    const write = this.#order.then(async () => {
      if (this.#disk.gate !== null) await this.#disk.gate;
      if (this.#disk.failWrites !== null) throw this.#disk.failWrites;
      await this.#disk.step(() => {
        this.#disk.writes++;
        this.#content.unsynced.push(copied);
        if (!options.sync) return;
        this.#disk.syncedWrites++;
        for (const earlier of this.#content.unsynced) apply(this.#content.durable, earlier);
        this.#content.unsynced = [];
      });
    });
    this.#order = write.catch(() => undefined);
    return write;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const value = visible(this.#content).get(key);
    await this.#disk.step(() => undefined);
    return value;
  }

  scan(from: string, to: string, batchBytes: number): AsyncIterable<readonly DatabaseRow[]> {
    return this.#batches(sorted(this.#content, from, to), batchBytes);
  }

  async *#batches(rows: DatabaseRow[], batchBytes: number): AsyncGenerator<readonly DatabaseRow[]> {
    for (let at = 0; at < rows.length; ) {
      await this.#disk.step(() => undefined);
      const start = at;
      for (let bytes = 0; at < rows.length && bytes <= batchBytes; at++)
        bytes += rows[at]!.key.length + rows[at]!.value.length;
      yield rows.slice(start, at);
    }
  }

  async last(from: string, to: string): Promise<DatabaseRow | undefined> {
    await this.#disk.step(() => undefined);
    return sorted(this.#content, from, to).at(-1);
  }

  async compact(): Promise<void> {}
  async sizeBytes(from: string, to: string): Promise<number> {
    return sorted(this.#content, from, to).reduce(
      (sum, { key, value }) => sum + key.length + value.length,
      0,
    );
  }

  async close(): Promise<void> {
    await this.#order;
    this.#disk.opened.delete(this.#name);
  }
}

function apply(rows: Map<string, Uint8Array>, changes: readonly DatabaseChange[]): void {
  for (const change of changes) {
    if (change.type === 'put') rows.set(change.key, change.value);
    else rows.delete(change.key);
  }
}

function visible(content: Content): Map<string, Uint8Array> {
  const rows = new Map(content.durable);
  for (const changes of content.unsynced) apply(rows, changes);
  return rows;
}

function sorted(content: Content, from: string, to: string): DatabaseRow[] {
  return [...visible(content)]
    .filter(([key]) => key >= from && key < to)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ key, value }));
}
