import { bytesOf } from '../foundation/bytes.ts';
import { TanistError } from '../foundation/errors.ts';
import { limits } from '../foundation/limits.ts';
import type { WatchBatch, WatchEvent } from '../ports/state-client.ts';
import { clientKeyValue } from '../protocol/state-client/bytes.ts';
import {
  deltaBytes,
  type WatchedChange,
  type WatchedChanges,
  type WatchHandle,
  type WatchRequest,
} from '../state/watch/watcher.ts';
import type { TanistNode } from './node.ts';

/** One watch of the hub's as batches to take. Of a consumer that is slow the hub waits, which has the history to go on from. */
export class NodeWatch {
  readonly #handle: WatchHandle;
  #batches: WatchBatch[] = [];
  #sizeBytes = 0;
  #ending: { readonly error: TanistError | null } | null = null;
  #wake: (() => void) | null = null;

  constructor(node: Pick<TanistNode, 'watch'>, request: WatchRequest) {
    this.#handle = node.watch(request, {
      events: (changes) => this.#take(changes),
      ended: ({ code, message }) => this.#end(new TanistError(code, message)),
    });
  }

  /** Ends it with an error, or (null) without one. What has arrived before is still handed out before an error. */
  end(error: TanistError | null): void {
    this.#handle.cancel();
    if (error === null) this.#batches = [];
    this.#end(error);
  }

  /** All that is there, as soon as there is something; null at the end. */
  async next(): Promise<readonly WatchBatch[] | null> {
    while (this.#batches.length === 0) {
      if (this.#ending !== null) {
        if (this.#ending.error !== null) throw this.#ending.error;
        return null;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const batches = this.#batches;
    this.#batches = [];
    this.#sizeBytes = 0;
    this.#handle.resume();
    return batches;
  }

  #take({ revision, events }: WatchedChanges): boolean {
    this.#batches.push({ revision, events: events.map(watchEvent) });
    for (const { delta, previous } of events)
      this.#sizeBytes += deltaBytes(delta) + (previous?.value.length ?? 0);
    this.#wakeUp();
    return this.#sizeBytes <= limits.watcherQueueBytes;
  }

  #end(error: TanistError | null): void {
    this.#ending ??= { error };
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}

function watchEvent({ delta, previous }: WatchedChange): WatchEvent {
  const { op: type, key, value, createRevision, revision: modRevision, version, lease } = delta;
  const keyValue = { key: bytesOf(key), value: bytesOf(value), createRevision, modRevision, version, lease };
  return previous === null ? { type, keyValue } : { type, keyValue, previous: clientKeyValue(previous) };
}
