import type { ServerDuplexStream } from '@grpc/grpc-js';
import { TanistError } from '../foundation/errors.ts';
import { revision } from '../foundation/ids.ts';
import { limits } from '../foundation/limits.ts';
import type { TanistNode, WatchHandle } from '../node/node.ts';
import { decodeWatchRequest, encodeWatchReply, type WatchRequest } from '../protocol/watch.ts';
import { ClientStream } from './client-stream.ts';

/** Watches stop feeding long before; only a client that sends requests and reads no answers gets here. */
const mostWaitingBytes = 2 * limits.messageBytes + limits.watcherQueueBytes;

/** Many watches on one stream. A client that reads slowly is fed from history when it reads again; nothing is dropped. */
export class WatchStream {
  readonly #node: TanistNode;
  readonly #stream: ClientStream;
  readonly #watches = new Map<number, WatchHandle>();
  #full = false;

  constructor(node: TanistNode, call: ServerDuplexStream<Buffer, Buffer>) {
    this.#node = node;
    this.#stream = new ClientStream(call, {
      received: (bytes) => this.#received(bytes),
      closed: () => this.#closed(),
      taken: () => this.#taken(),
      mostWaitingBytes,
    });
  }

  #received(bytes: Buffer): void {
    const request = decodeWatchRequest(bytes);
    if (request.kind === 'create') this.#create(request);
    else this.#cancel(request.id);
  }

  #create(request: Extract<WatchRequest, { kind: 'create' }>): void {
    const { id } = request;
    if (this.#watches.has(id)) {
      throw new TanistError('invalid-argument', `watch id ${id} is in use on this stream; choose another`);
    }
    const created = this.#node.state.revision(request.space);
    const handle = this.#node.watch(request, {
      events: (changes) => this.#write({ id, ...changes, failure: null, created: false }),
      ended: ({ code, message }) => {
        this.#watches.delete(id);
        const failure = new TanistError(code, message);
        this.#write({ id, revision: revision(0), events: [], failure, created: false });
      },
    });
    this.#watches.set(id, handle);
    this.#write({ id, revision: created, events: [], failure: null, created: true });
  }

  #cancel(id: number): void {
    this.#watches.get(id)?.cancel();
    this.#watches.delete(id);
  }

  /** False: the client does not keep up; its watches wait until most of what was written has been taken. Never throws: the hub calls. */
  #write(reply: Parameters<typeof encodeWatchReply>[0]): boolean {
    this.#stream.guarded(() => this.#stream.write(encodeWatchReply(reply)));
    this.#full ||= this.#stream.waitingBytes > limits.watcherQueueBytes;
    return this.#stream.open && !this.#full;
  }

  #taken(): void {
    if (!this.#full || this.#stream.waitingBytes > limits.watcherQueueBytes / 2) return;
    this.#full = false;
    for (const watch of [...this.#watches.values()]) {
      if (this.#full) return;
      watch.resume();
    }
  }

  #closed(): void {
    for (const watch of this.#watches.values()) watch.cancel();
    this.#watches.clear();
  }
}
