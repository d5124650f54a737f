import type { Metadata, ServiceError } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import { revision } from '../../foundation/ids.ts';
import type { Space } from '../../ports/delta.ts';
import type {
  Bytes,
  RangeAnswer,
  RangeOptions,
  ReplicaReads,
  WatchBatch,
  WatchOptions,
} from '../../ports/state-client.ts';
import { tanistService } from '../../protocol/services.ts';
import { rangeAnswer } from '../../protocol/state-client/to-answer.ts';
import { rangeRequest, watchedRange } from '../../protocol/state-client/to-command.ts';
import { decodeWatchReply, encodeWatchRequest } from '../../protocol/watch.ts';
import { WatchCursor } from '../core/watch-cursor.ts';
import { callError, openChannel } from './channel.ts';
import { readAt } from './read-at.ts';

/** One member itself, on connections of its own. `metadata`: names the lineage that is followed; a member of another one refuses. */
export class ReplicaReader implements ReplicaReads {
  readonly endpoint: string;
  readonly #space: Space;
  readonly #metadata: () => Metadata;
  readonly #deadlineMs: number;

  constructor(endpoint: string, space: Space, metadata: () => Metadata, deadlineMs: number) {
    this.endpoint = endpoint;
    this.#space = space;
    this.#metadata = metadata;
    this.#deadlineMs = deadlineMs;
  }

  async get(key: Bytes, options: Omit<RangeOptions, 'consistency'> = {}): Promise<RangeAnswer> {
    const range = rangeRequest(this.#space, key, options);
    const limited = { ...options, deadlineMs: options.deadlineMs ?? this.#deadlineMs };
    const { outcome, ageMs } = await readAt(this.endpoint, range, limited, null, this.#metadata());
    if (outcome instanceof TanistError) throw outcome;
    return rangeAnswer(outcome, ageMs);
  }

  async *watch(
    key: Bytes,
    options: Pick<WatchOptions, 'rangeEnd' | 'prefix' | 'signal'> = {},
  ): AsyncGenerator<WatchBatch, void, undefined> {
    const { signal } = options;
    if (signal?.aborted) return;
    const channel = openChannel(this.endpoint);
    const { path, requestSerialize, responseDeserialize } = tanistService.watch;
    const stream = channel.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      this.#metadata(),
    );
    const abort = (): void => stream.cancel();
    signal?.addEventListener('abort', abort, { once: true });
    const watched = { space: this.#space, ...watchedRange(key, options), previous: false, latest: true };
    const cursor = new WatchCursor(revision(0));
    try {
      stream.write(encodeWatchRequest({ kind: 'create', id: 1, ...watched, fromRevision: revision(0) }));
      for await (const message of stream) {
        const reply = decodeWatchReply(message as Buffer);
        if (reply.failure !== null) throw reply.failure;
        const batch = cursor.take(reply);
        if (batch !== null) yield batch;
      }
    } catch (error) {
      if (signal?.aborted) return;
      throw error instanceof TanistError ? error : callError(error as ServiceError, this.endpoint);
    } finally {
      signal?.removeEventListener('abort', abort);
      stream.on('error', () => undefined);
      stream.cancel();
      channel.close();
    }
    if (!signal?.aborted) throw new TanistError('unavailable', `${this.endpoint} ended the watch`);
  }
}
