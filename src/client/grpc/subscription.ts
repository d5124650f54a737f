import type { ByteString } from '../../foundation/bytes.ts';
import type { TanistError } from '../../foundation/errors.ts';
import type { Revision } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import type { Space } from '../../ports/delta.ts';
import type { WatchBatch } from '../../ports/state-client.ts';
import type { WatchReply, WatchRequest } from '../../protocol/watch.ts';
import { WatchCursor } from '../core/watch-cursor.ts';

export interface Watched {
  readonly space: Space;
  readonly key: ByteString;
  readonly rangeEnd: ByteString;
  readonly previous: boolean;
}

/** One watch and what its consumer has not taken yet. */
export class Subscription {
  /** In the present stream. */
  id = 0;
  /** It has had a reply. */
  established = false;
  /** Set when the watch was suspended because the consumer is slow. */
  whenDrained: (() => void) | null = null;
  private readonly watched: Watched;
  private readonly cursor: WatchCursor;
  private batches: WatchBatch[] = [];
  private sizeBytes = 0;
  private ending: { readonly error: TanistError | null } | null = null;
  private wake: (() => void) | null = null;

  constructor(watched: Watched, from: Revision) {
    this.watched = watched;
    this.cursor = new WatchCursor(from);
  }

  request(): WatchRequest {
    const { space, key, rangeEnd, previous } = this.watched;
    return {
      kind: 'create',
      id: this.id,
      space,
      key,
      rangeEnd,
      fromRevision: this.cursor.resume(),
      previous,
    };
  }

  take(reply: WatchReply): 'room' | 'full' {
    this.established = true;
    const batch = this.cursor.take(reply);
    if (batch === null) return 'room';
    const last = this.batches.at(-1);
    // Bookmarks that nobody has read yet are one bookmark.
    if (last !== undefined && last.events.length === 0) this.batches.pop();
    this.batches.push(batch);
    for (const { keyValue, previous } of batch.events) {
      this.sizeBytes += keyValue.key.length + keyValue.value.length + (previous?.value.length ?? 0) + 64;
    }
    this.wake?.();
    return this.sizeBytes > limits.watcherQueueBytes ? 'full' : 'room';
  }

  fail(error: TanistError): void {
    this.ending ??= { error };
    this.wake?.();
  }

  end(): void {
    this.ending ??= { error: null };
    this.wake?.();
  }

  /** All that is there, as soon as there is something; null at the end. What arrived before a failure comes before it. */
  async next(): Promise<readonly WatchBatch[] | null> {
    while (this.batches.length === 0) {
      if (this.ending !== null) {
        if (this.ending.error !== null) throw this.ending.error;
        return null;
      }
      if (this.whenDrained !== null) {
        const resume = this.whenDrained;
        this.whenDrained = null;
        resume();
        continue;
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = null;
    }
    const { batches } = this;
    this.batches = [];
    this.sizeBytes = 0;
    return batches;
  }
}
