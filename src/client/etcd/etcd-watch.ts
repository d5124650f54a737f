import type { ByteString } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { type Revision, revision } from '../../foundation/ids.ts';
import type { WatchBatch, WatchEvent } from '../../ports/state-client.ts';
import { decodeMessage, encodeMessage } from '../../protocol/etcd/codec.ts';
import { errorOfEtcd } from '../../protocol/etcd/error-texts.ts';
import { watchRequest, watchResponse } from '../../protocol/etcd/messages/watch.ts';
import { watchMethods } from '../../protocol/etcd/methods.ts';
import type { Message } from '../../protocol/etcd/schema.ts';
import { method as rawMethod } from '../../protocol/services.ts';
import { isServiceError, requireLeader } from './caller.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';
import { revisionIn, watchEvent } from './from-response.ts';
import type { KeySpace } from './key-space.ts';

export interface EtcdWatched {
  readonly key: ByteString;
  readonly rangeEnd: ByteString;
  readonly previous: boolean;
}

const pauseMs = 10;
const longestPauseMs = 500;
const grpcUnknown = 2;

/**
 * One watch over as many streams as it takes, one at a time: each goes on where the one before ended. A consumer that is slow is waited for by
 * gRPC's flow control, so nothing gathers here.
 */
export class EtcdWatch {
  readonly #endpoints: Endpoints;
  readonly #space: KeySpace;
  readonly #watched: EtcdWatched;
  readonly #signal: AbortSignal;
  /** The first revision not yet handed out. */
  #next: Revision;
  #held: WatchEvent[] = [];

  constructor(
    endpoints: Endpoints,
    space: KeySpace,
    watched: EtcdWatched,
    from: Revision,
    signal: AbortSignal,
  ) {
    this.#endpoints = endpoints;
    this.#space = space;
    this.#watched = watched;
    this.#next = from;
    this.#signal = signal;
  }

  /** Ends when the signal aborts. `started` is called when the watch is set up for the first time. */
  async *batches(started: WatchBatch | null): AsyncGenerator<WatchBatch, void, undefined> {
    let greeting = started;
    let waitMs = pauseMs;
    for (;;) {
      const endpoint = await this.#endpoints.connected(Number.POSITIVE_INFINITY, this.#signal);
      if (endpoint === null) return;
      try {
        for await (const response of this.#responses(endpoint)) {
          waitMs = pauseMs;
          this.#checkCancelled(response);
          if (response.created && greeting !== null) {
            yield greeting;
            greeting = null;
          }
          const batch = this.#take(response);
          if (batch !== null) yield batch;
        }
      } catch (error) {
        if (this.#signal.aborted) return;
        if (!isPassing(error)) throw error;
      }
      if (this.#signal.aborted) return;
      this.#endpoints.suspect(endpoint);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      waitMs = Math.min(2 * waitMs, longestPauseMs);
    }
  }

  async *#responses({ client }: Endpoint): AsyncGenerator<Message<typeof watchResponse>, void, undefined> {
    const { path } = watchMethods.watch;
    const { requestSerialize, responseDeserialize } = rawMethod(path, true, true);
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, requireLeader());
    // Whoever reads hears of it; later ones are of no interest.
    stream.on('error', () => {});
    const cancel = (): void => stream.cancel();
    this.#signal.addEventListener('abort', cancel, { once: true });
    this.#held = [];
    stream.write(this.#create());
    try {
      for await (const bytes of stream) yield decodeMessage(watchResponse, bytes as Buffer);
    } finally {
      this.#signal.removeEventListener('abort', cancel);
      stream.cancel();
    }
  }

  #create(): Buffer {
    const { key, rangeEnd, previous } = this.#watched;
    return encodeMessage(watchRequest, {
      create_request: {
        key,
        range_end: rangeEnd,
        start_revision: this.#next,
        prev_kv: previous,
        progress_notify: true,
        fragment: true,
      },
    });
  }

  #checkCancelled({
    canceled,
    compact_revision: compacted,
    cancel_reason: reason,
  }: Message<typeof watchResponse>): void {
    if (!canceled) return;
    if (compacted > 0)
      throw new TanistError(
        'revision-compacted',
        `revision ${this.#next} is compacted; the oldest left is ${compacted}`,
      );
    throw errorOfEtcd(grpcUnknown, reason, false);
  }

  /**
   * etcd sends whole revisions, but for fragments. Its header's revision says with events only how far the member is, not how far the events
   * go; without events it is a bookmark.
   */
  #take({ created, header, events, fragment }: Message<typeof watchResponse>): WatchBatch | null {
    for (const each of events) {
      const found = watchEvent(this.#space, each);
      if (found.keyValue.modRevision >= this.#next) this.#held.push(found);
    }
    if (fragment) return null;
    const whole = this.#held;
    this.#held = [];
    const last = whole.at(-1);
    if (last !== undefined) return this.#hand(last.keyValue.modRevision, whole);
    const at = revisionIn(header);
    return created || events.length > 0 || at < this.#next ? null : this.#hand(at, []);
  }

  #hand(through: Revision, events: readonly WatchEvent[]): WatchBatch {
    this.#next = revision(through + 1);
    return { revision: through, events };
  }
}

/** The stream or the member is at fault, and another one serves. */
function isPassing(error: unknown): boolean {
  if (isServiceError(error)) return isPassing(errorOfEtcd(error.code, error.details, false));
  return error instanceof TanistError && error.retryable;
}
