import type { ByteString } from '../foundation/bytes.ts';
import type { ClusterTimeMs, Revision } from '../foundation/ids.ts';
import type { Space, StateDelta } from './delta.ts';
import type { Configuration, LogPoint } from './log-store.ts';

/** How far the image is: everything in it is the state right after `point` was applied. */
export interface AppliedPoint {
  readonly point: LogPoint;
  readonly timeMs: ClusterTimeMs;
  readonly epoch: number;
  readonly configuration: Configuration;
  readonly revisions: Readonly<Record<Space, { readonly revision: Revision; readonly compacted: Revision }>>;
  /** Digest per space (see state/), checked after loading. */
  readonly digests: Readonly<Record<Space, string>>;
  /** The share of client sessions in the digest of `system`; absent in images of before there was one. */
  readonly sessions?: string;
}

/** What of an image goes into a copy that is not for a replica. */
export interface SnapshotPart {
  readonly spaces: readonly Space[];
  readonly record: (key: string) => boolean;
  /** What is said of the copy. */
  readonly applied: (applied: AppliedPoint) => AppliedPoint;
}

/** Whether who receives a snapshot has the value that `key` was given at `revision`. */
export type IsHeld = (space: Space, key: ByteString, revision: Revision) => boolean;

/** The value that `key` was given at `revision`, where who receives a snapshot has it; else null. */
export type HeldValue = (space: Space, key: ByteString, revision: Revision) => ByteString | null;

/** A record beside the deltas: a session, a lease, a policy. `value` null removes it. */
export interface ImageRecord {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** Everything that happened since the last batch, written in one atomic LevelDB batch. */
export interface ImageBatch {
  readonly applied: AppliedPoint;
  /** In order of (space's revision, sub), spaces may interleave. */
  readonly deltas: readonly StateDelta[];
  readonly records: readonly ImageRecord[];
}

export interface LoadedImage {
  readonly applied: AppliedPoint;
  readonly records: readonly ImageRecord[];
  /** To be read to the end before anything is appended. All deltas still stored, per space in order. A compacted revision's deltas may or may not still be there. */
  readonly deltas: AsyncIterable<readonly StateDelta[]>;
}

/** Whether the delta that wrote `key` at `revision` is still needed: it is the key's latest, or newer than the compacted revision, or visible at it. */
export type IsLive = (space: Space, key: ByteString, revision: Revision, op: StateDelta['op']) => boolean;

/** After a pass that dropped something another one may gain more. */
export type ReclaimProgress = 'under-way' | 'pass-gained' | 'nothing-left';

/**
 * The state's redo-able image and its history, in one LevelDB. The history is a log of deltas in chunks by revision; the
 * latest values are what replaying it gives. So one write a batch, not one a key.
 */
export interface ImageStore {
  /** Null for a new store. Called once, before anything else. */
  load(): Promise<LoadedImage | null>;
  /**
   * Takes the batch; its deltas can be read through `history` at once. It is written with the next `flush`, or earlier. Batches come in order.
   */
  append(batch: ImageBatch): void;
  /**
   * Takes the first deltas of the batch that will be appended next, while an entry is applied in pieces. Nothing is written of them before that
   * `append`, which brings the rest. Those of revisions that are whole can be read through `history` at once.
   */
  stage(deltas: readonly StateDelta[]): void;
  /** Bytes appended and not yet written. */
  pendingBytes(): number;
  /** Writes what was appended. With `sync` all up to the last batch is on the disk when it resolves. */
  flush(options: { readonly sync: boolean }): Promise<AppliedPoint | null>;
  readonly history: HistoryStore;
  /**
   * `isLive` answers as of the last appended batch: nothing is awaited between applying a batch to the state and appending it here.
   * Rewrites about `budgetBytes` of chunks without what is no longer live, in passes over all of them.
   */
  reclaim(isLive: IsLive, budgetBytes: number): Promise<ReclaimProgress>;
  /** Of all chunks on the disk, live or not. */
  chunkBytes(): number;
  /**
   * A consistent copy as of the last flush (there was one, or a load), as opaque checksummed chunks of ≤ 1 MiB, for another node; or of a part. Close it in all cases. Values that
   * `isHeld` knows are left out; a digest of the whole goes along.
   */
  snapshot(part?: SnapshotPart, isHeld?: IsHeld): Promise<ImageSnapshot>;
  /**
   * Receives such a copy beside the present image; `commit` replaces the present image by it, atomically and synced. What the sender left out comes from
   * `heldValue`; the result is byte for byte what the sender has, or `data-damaged`.
   */
  receive(heldValue?: HeldValue): Promise<ImageReceiver>;
  /**
   * Reads the chunks from `from` on, about `budgetBytes` of them, and behind the last one the records, and compares them with what was written.
   * `look` sees the deltas, a few at a time, and says what is wrong with them; null: nothing.
   */
  scrub(
    from: ImageCursor,
    budgetBytes: number,
    look: (deltas: readonly StateDelta[]) => Promise<string | null>,
  ): Promise<ImageScrub>;
  /** As `Database.inspect`. */
  inspect(pace: (bytes: number) => Promise<void>): Promise<string | null>;
  /** Which of these records are neither stored nor about to be. */
  missingRecords(keys: readonly string[]): Promise<readonly string[]>;
  /** Bytes on disk, about. */
  sizeBytes(): Promise<number>;
  /** Gives disk space back that nothing needs any more; what `reclaim` rewrote, above all. */
  defragment(): Promise<void>;
  close(): Promise<void>;
}

/** Opaque: how far a scrub has come. */
export type ImageCursor = string;
export const imageStart: ImageCursor = '';

export interface ImageScrub {
  readonly bytes: number;
  /** Null: all has been read. */
  readonly next: ImageCursor | null;
  /** The first thing that is not as it was written; nothing behind it was read. */
  readonly fault: string | null;
}

export interface ImageSnapshot {
  readonly applied: AppliedPoint;
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

export interface ImageReceiver {
  write(chunk: Uint8Array): Promise<void>;
  /** Fails with `data-damaged` when chunks are missing or altered; the present image is then as before. The caller loads again after it. */
  commit(options?: {
    /** What it replaces is set aside, for an operator to look at. */ readonly keepOld?: boolean;
  }): Promise<AppliedPoint>;
  abort(): Promise<void>;
}

/** Older revisions. What `append` took can be read at once, flushed or not. */
export interface HistoryStore {
  /** Deltas with `from` ≤ revision ≤ `to`, in order, in batches of bounded size. Deltas of compacted revisions may be missing. */
  deltas(space: Space, from: Revision, to: Revision): AsyncIterable<readonly StateDelta[]>;
  /** For each wanted (key, revision) the delta that wrote it, in the order asked; undefined where it is gone. */
  find(
    space: Space,
    wanted: readonly { readonly key: ByteString; readonly revision: Revision }[],
  ): Promise<readonly (StateDelta | undefined)[]>;
}
