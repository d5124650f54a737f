/**
 * The ordered key-value database under the log and the image: LevelDB in a node, a simulated disk in the simulator. Keys compare
 * as bytes; keys are ASCII text or latin1.
 */
export interface Database {
  /** Atomic. With `sync`, on the disk when it resolves. Rejections: `disk-full` (nothing written) or `storage-failed` (unknown, final). */
  write(changes: readonly DatabaseChange[], options: { readonly sync: boolean }): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  /** `from` ≤ key < `to`, in order, as of the call, in batches of about `batchBytes`. */
  scan(from: string, to: string, batchBytes: number): AsyncIterable<readonly DatabaseRow[]>;
  /** The last row with `from` ≤ key < `to`. */
  last(from: string, to: string): Promise<DatabaseRow | undefined>;
  sizeBytes(from: string, to: string): Promise<number>;
  close(): Promise<void>;
}

export type DatabaseChange =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

export interface DatabaseRow {
  readonly key: string;
  readonly value: Uint8Array;
}

/** A node's folder: databases by name, a lock, and for snapshots a swap that is atomic across a crash. */
export interface Disk {
  /** Opens or makes it. `integrity` says what opening found in files that the database itself repairs silently. */
  open(name: string): Promise<{
    readonly database: Database;
    readonly integrity: 'clean' | 'torn' | 'damaged';
    readonly detail: string;
  }>;
  /** Makes `name` be what `replacement` is, atomically; both closed. A crash leaves one or the other. */
  replace(name: string, replacement: string): Promise<void>;
  remove(name: string): Promise<void>;
  exists(name: string): Promise<boolean>;
}
