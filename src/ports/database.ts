/**
 * The ordered key-value database under the log and the image: LevelDB in a node, a simulated disk in the simulator. Keys compare
 * as bytes; keys are ASCII text or latin1.
 */
export interface Database {
  /** Atomic, in the order of the calls. With `sync`, it and all writes before it are on the disk when it resolves. Values must not change afterwards. Rejections: `disk-full` (nothing written) or `storage-failed` (unknown, final). */
  write(changes: readonly DatabaseChange[], options: { readonly sync: boolean }): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  /** `from` ≤ key < `to`, in order, as of the call, in batches of about `batchBytes`. */
  scan(from: string, to: string, batchBytes: number): AsyncIterable<readonly DatabaseRow[]>;
  /** The last row with `from` ≤ key < `to`. */
  last(from: string, to: string): Promise<DatabaseRow | undefined>;
  sizeBytes(from: string, to: string): Promise<number>;
  /** Gives back what deleted and replaced rows of the range take, where the database can. Reads and writes go on meanwhile. */
  compact(from: string, to: string): Promise<void>;
  /**
   * Looks at what is stored below the rows, where the database can: damage there may end the process that meets it. `pace` after each piece. Null: all is well; else
   * what was found.
   */
  inspect?(pace: (bytes: number) => Promise<void>): Promise<string | null>;
  close(): Promise<void>;
}

/** The same database, but for how it writes. */
export function withWrite(database: Database, write: Database['write']): Database {
  return {
    write,
    get: (key) => database.get(key),
    scan: (from, to, batchBytes) => database.scan(from, to, batchBytes),
    last: (from, to) => database.last(from, to),
    sizeBytes: (from, to) => database.sizeBytes(from, to),
    compact: (from, to) => database.compact(from, to),
    inspect: async (pace) => (await database.inspect?.(pace)) ?? null,
    close: () => database.close(),
  };
}

export type DatabaseChange =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

export interface DatabaseRow {
  readonly key: string;
  readonly value: Uint8Array;
}

/** What opening a database found. */
export interface OpenedDatabase {
  readonly database: Database;
  /** Of the files that the database itself repairs silently. `damaged` stays so at later starts, until it is replaced or removed. */
  readonly integrity: 'clean' | 'torn' | 'damaged';
  readonly detail: string;
  /** Bytes of the write under way at the crash, dropped. */
  readonly tornBytes?: number;
}

/**
 * A node's folder: databases by name, a lock, and for snapshots a swap that is atomic across a crash. A crash loses at most a suffix of
 * a database's unsynced writes: never an earlier write whose later one is there.
 */
export interface Disk {
  /**
   * Opens or makes it. `redoable`: the content can be made again from elsewhere, so damage among the recent writes is cut off together with
   * every later write (and reported as torn) instead of leaving a hole.
   * Where stored blocks are is looked at first; after a process that did not close it also the newest of the blocks, with `checked` all of them, which takes
   * time. Damage fails as `data-damaged`.
   */
  open(
    name: string,
    options?: { readonly redoable?: boolean; readonly checked?: boolean },
  ): Promise<OpenedDatabase>;
  /**
   * Makes `name` be what `replacement` is, atomically; both closed. A crash leaves one or the other. `keepOld`: what `name` was is set aside as
   * by `setAside`.
   */
  replace(name: string, replacement: string, options?: { readonly keepOld?: boolean }): Promise<void>;
  /** Renames a closed database to `name.evidence-N`, for an operator to look at; a few are kept, within a bound of bytes. Null: there was none. */
  setAside(name: string): Promise<string | null>;
  remove(name: string): Promise<void>;
  exists(name: string): Promise<boolean>;
}
