import type { Metadata, ServiceError } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import { revision } from '../../foundation/ids.ts';
import type { Space } from '../../ports/delta.ts';
import type {
  Bytes,
  RangeAnswer,
  RangeOptions,
  ReplicaReads,
  ReplicaWatch,
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

/** The only one of its stream. */
const watchId = 1;

/** One member itself, on connections of its own. `metadata`: names the lineage that is followed; a member of another one refuses. */
export class ReplicaReader implements ReplicaReads {
  readonly endpoint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly #space: Space;
  readonly #metadata: () => Metadata;
  readonly #deadlineMs: number;

  constructor(
    endpoint: string,
    labels: Readonly<Record<string, string>>,
    space: Space,
    metadata: () => Metadata,
    deadlineMs: number,
  ) {
    this.endpoint = endpoint;
    this.labels = labels;
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

  watch(key: Bytes, options: Pick<WatchOptions, 'rangeEnd' | 'prefix' | 'signal'> = {}): ReplicaWatch {
    let send: ((request: Buffer) => void) | null = null;
    const batches = this.#batches(key, options, (ready) => {
      send = ready;
    });
    return {
      [Symbol.asyncIterator]: () => batches,
      requestProgress: () => send?.(encodeWatchRequest({ kind: 'progress', id: watchId })),
    };
  }

  /** `ready`: told how to send more, and null when that is over. */
  async *#batches(
    key: Bytes,
    options: Pick<WatchOptions, 'rangeEnd' | 'prefix' | 'signal'>,
    ready: (send: ((request: Buffer) => void) | null) => void,
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
      const create = { kind: 'create', id: watchId, ...watched, fromRevision: revision(0) } as const;
      stream.write(encodeWatchRequest(create));
      ready((request) => stream.write(request));
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
      ready(null);
      signal?.removeEventListener('abort', abort);
      stream.on('error', () => undefined);
      stream.cancel();
      channel.close();
    }
    if (!signal?.aborted) throw new TanistError('unavailable', `${this.endpoint} ended the watch`);
  }
}
