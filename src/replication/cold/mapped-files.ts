import type { Database, DatabaseRow } from '../../ports/database.ts';

/** Scanned until it is worth while. */
const leastBytes = 16 * 1024 * 1024;
/** What the kernel maps around a page that is read. */
const mappedAround = 64 * 1024;
/** Keys remembered of what was scanned, evenly spread. */
const mostKeys = 512;

/**
 * LevelDB maps the files that it reads into memory, and keeps so many open: after a scan of all, tens of MB stay mapped. Reading single rows here and
 * there puts others in their place, of which only the pages of these rows are in memory.
 */
export class MappedFiles implements Database {
  readonly #database: Database;
  #keys: string[] = [];
  #bytes = 0;
  #pages = 0;
  #stride = 1;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Once nobody scans any more. */
  async release(): Promise<void> {
    if (this.#bytes < leastBytes) return;
    const keys = this.#keys.sort();
    this.#keys = [];
    this.#bytes = 0;
    this.#stride = 1;
    for (const key of keys) await this.#database.get(key);
  }

  async *scan(from: string, to: string, batchBytes: number): AsyncGenerator<readonly DatabaseRow[]> {
    for await (const rows of this.#database.scan(from, to, batchBytes)) {
      this.#note(rows);
      yield rows;
    }
  }

  write: Database['write'] = (changes, options) => this.#database.write(changes, options);
  get: Database['get'] = (key) => this.#database.get(key);
  sizeBytes: Database['sizeBytes'] = (from, to) => this.#database.sizeBytes(from, to);
  compact: Database['compact'] = (from, to) => this.#database.compact(from, to);
  inspect = async (pace: (bytes: number) => Promise<void>): Promise<string | null> =>
    (await this.#database.inspect?.(pace)) ?? null;
  close: Database['close'] = () => this.#database.close();

  async last(from: string, to: string): Promise<DatabaseRow | undefined> {
    const row = await this.#database.last(from, to);
    if (row !== undefined) {
      this.#note([row]);
      this.#bytes += mappedAround;
    }
    return row;
  }

  #note(rows: readonly DatabaseRow[]): void {
    const first = rows[0];
    if (first === undefined) return;
    for (const { key, value } of rows) this.#bytes += key.length + value.length;
    if (this.#pages++ % this.#stride !== 0) return;
    this.#keys.push(first.key);
    if (this.#keys.length < mostKeys) return;
    this.#keys = this.#keys.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }
}
