import type { ServerDuplexStream } from '@grpc/grpc-js';
import { TanistError } from '../foundation/errors.ts';
import { revision } from '../foundation/ids.ts';
import { limits } from '../foundation/limits.ts';
import type { TanistNode, WatchHandle } from '../node/node.ts';
import { decodeWatchRequest, encodeWatchReply, type WatchRequest } from '../protocol/watch.ts';
import { endWith, toTanistError } from './grpc-status.ts';
import { ReplyWriter } from './reply-writer.ts';

/** Watches stop feeding long before; only a client that sends requests and reads no answers gets here. */
const mostWaitingBytes = 2 * limits.messageBytes + limits.watcherQueueBytes;

/** Many watches on one stream. A client that reads slowly is fed from history when it reads again; nothing is dropped. */
export class WatchStream {
  readonly #node: TanistNode;
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #replies: ReplyWriter;
  readonly #watches = new Map<number, WatchHandle>();
  #full = false;
  #open = true;

  constructor(node: TanistNode, call: ServerDuplexStream<Buffer, Buffer>) {
    this.#node = node;
    this.#call = call;
    this.#replies = new ReplyWriter(call, () => this.#taken());
    call.on('data', (bytes: Buffer) => this.#received(bytes));
    call.on('end', () => {
      this.#close();
      call.end();
    });
    call.on('cancelled', () => this.#close());
    call.on('error', () => this.#close());
  }

  #received(bytes: Buffer): void {
    if (!this.#open) return;
    try {
      const request = decodeWatchRequest(bytes);
      if (request.kind === 'create') this.#create(request);
      else this.#cancel(request.id);
    } catch (error) {
      this.#fail(toTanistError(error));
    }
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
    if (!this.#open) return false;
    const { waitingBytes } = this.#replies;
    if (waitingBytes > mostWaitingBytes) {
      this.#fail(new TanistError('overloaded', 'the client does not read its replies'));
      return false;
    }
    try {
      this.#replies.write(encodeWatchReply(reply));
    } catch (error) {
      this.#fail(toTanistError(error));
    }
    this.#full ||= this.#replies.waitingBytes > limits.watcherQueueBytes;
    return !this.#full;
  }

  #taken(): void {
    if (!this.#full || this.#replies.waitingBytes > limits.watcherQueueBytes / 2) return;
    this.#full = false;
    for (const watch of [...this.#watches.values()]) {
      if (this.#full) return;
      watch.resume();
    }
  }

  #fail(error: TanistError): void {
    if (!this.#open) return;
    this.#close();
    endWith(this.#call, error);
  }

  #close(): void {
    this.#open = false;
    for (const watch of this.#watches.values()) watch.cancel();
    this.#watches.clear();
  }
}
