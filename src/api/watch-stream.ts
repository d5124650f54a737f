import type { ServerDuplexStream } from '@grpc/grpc-js';
import { TanistError } from '../foundation/errors.ts';
import { revision } from '../foundation/ids.ts';
import { limits } from '../foundation/limits.ts';
import type { TanistNode, WatchHandle } from '../node/node.ts';
import { decodeWatchRequest, encodeWatchReply, type WatchRequest } from '../protocol/watch.ts';
import { endWith, toTanistError } from './grpc-status.ts';

/** Many watches on one stream. A client that reads slowly is fed from history when it reads again; nothing is dropped. */
export class WatchStream {
  readonly #node: TanistNode;
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #watches = new Map<number, WatchHandle>();
  #full = false;

  constructor(node: TanistNode, call: ServerDuplexStream<Buffer, Buffer>) {
    this.#node = node;
    this.#call = call;
    call.on('data', (bytes: Buffer) => this.#received(bytes));
    call.on('drain', () => this.#drained());
    call.on('end', () => {
      this.#close();
      call.end();
    });
    call.on('cancelled', () => this.#close());
    call.on('error', () => this.#close());
  }

  #received(bytes: Buffer): void {
    try {
      const request = decodeWatchRequest(bytes);
      if (request.kind === 'create') this.#create(request);
      else this.#cancel(request.id);
    } catch (error) {
      this.#close();
      endWith(this.#call, toTanistError(error));
    }
  }

  #create(request: Extract<WatchRequest, { kind: 'create' }>): void {
    const { id } = request;
    if (this.#watches.has(id)) {
      throw new TanistError('invalid-argument', `watch id ${id} is in use on this stream; choose another`);
    }
    const created = this.#node.state.revision(request.space);
    const handle = this.#node.watch(request, {
      events: (changes) => this.#write(encodeWatchReply({ id, ...changes, failure: null, created: false })),
      ended: ({ code, message }) => {
        this.#watches.delete(id);
        const failure = new TanistError(code, message);
        this.#write(encodeWatchReply({ id, revision: revision(0), events: [], failure, created: false }));
      },
    });
    this.#watches.set(id, handle);
    this.#write(encodeWatchReply({ id, revision: created, events: [], failure: null, created: true }));
  }

  #cancel(id: number): void {
    this.#watches.get(id)?.cancel();
    this.#watches.delete(id);
  }

  /** False: the client does not keep up; its watches wait until what was written has drained. */
  #write(bytes: Buffer): boolean {
    this.#call.write(bytes);
    this.#full ||= this.#call.writableLength > limits.watcherQueueBytes;
    return !this.#full;
  }

  #drained(): void {
    if (!this.#full) return;
    this.#full = false;
    for (const watch of this.#watches.values()) watch.resume();
  }

  #close(): void {
    for (const watch of this.#watches.values()) watch.cancel();
    this.#watches.clear();
  }
}
