import type { ByteString } from '../../foundation/bytes.ts';
import type { Revision } from '../../foundation/ids.ts';
import type { KeyValue, Space, StateDelta } from '../../ports/delta.ts';
import type { FailedResult } from '../../ports/result.ts';

export interface WatchRequest {
  readonly space: Space;
  readonly key: ByteString;
  /** As in a range: empty for the single key, `'\0'` for all keys ≥ `key`. */
  readonly rangeEnd: ByteString;
  /** First revision wanted; 0: after the present one. May be in the future. */
  readonly fromRevision: Revision;
  /** Events say what the key was before. */
  readonly previous: boolean;
  /** The latest value of each key is enough: one who holds no more may serve it, too. */
  readonly latest?: boolean;
}

export interface WatchedChange {
  readonly delta: StateDelta;
  /** Null: the key was new, its value before is compacted, or it was not asked for. */
  readonly previous: KeyValue | null;
}

/** Whole revisions, in order. Nothing up to `revision` is missing; without events: a bookmark. */
export interface WatchedChanges {
  readonly revision: Revision;
  readonly events: readonly WatchedChange[];
}

export interface WatchSink {
  /** False: takes no more for now; nothing comes until `WatchHandle.resume`. */
  events(batch: WatchedChanges): boolean;
  /** The watch is over: `revision-compacted`, or what `endAll` said. Not called after `cancel`. */
  ended(failure: FailedResult): void;
}

export interface WatchHandle {
  cancel(): void;
  /** The sink takes more again. */
  resume(): void;
  /** A bookmark as soon as the watcher has caught up and nothing waits for it. */
  requestProgress(): void;
}

/**
 * `synced`: fed by `publish`. `behind`: waits for, or is in, a round of reading history. `ended`: gone.
 * A synced one whose sink takes no more (`paused`) gathers a queue.
 */
export interface Watcher {
  readonly request: WatchRequest;
  readonly sink: WatchSink;
  state: 'synced' | 'behind' | 'ended';
  paused: boolean;
  wantsProgress: boolean;
  /** First revision not yet delivered. While synced: nothing below it may be delivered (a watch into the future). */
  next: Revision;
  queue: WatchedChange[];
  queueBytes: number;
}

export function deltaBytes(delta: StateDelta): number {
  return delta.key.length + delta.value.length + 64;
}

export function changeBytes({ delta, previous }: WatchedChange): number {
  return deltaBytes(delta) + (previous === null ? 0 : previous.key.length + previous.value.length);
}
