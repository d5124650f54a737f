import type { ServerDuplexStream } from '@grpc/grpc-js';
import { TanistError } from '../foundation/errors.ts';
import { revision } from '../foundation/ids.ts';
import { limits } from '../foundation/limits.ts';
import type { TanistNode, WatchedChanges, WatchHandle } from '../node/node.ts';
import { decodeWatchRequest, encodeWatchReply, type WatchRequest } from '../protocol/watch.ts';
import { deltaBytes } from '../state/watch-hub.ts';
import { ClientStream } from './client-stream.ts';

/** Watches stop feeding long before; only a client that sends requests and reads no answers gets here. */
const mostWaitingBytes = 2 * limits.messageBytes + limits.watcherQueueBytes;

type Reply = Parameters<typeof encodeWatchReply>[0];

/**
 * Many watches on one stream. A client that reads slowly is fed from history when it reads again; nothing is dropped. Events that make more
 * than one message go out in several, of which all but the last say that their last revision is not whole.
 */
export class WatchStream {
  readonly #node: TanistNode;
  readonly #stream: ClientStream;
  readonly #messageBytes: number;
  readonly #watches = new Map<number, WatchHandle>();
  /** What of a revision larger than all that may wait is still to be written. */
  #rest: Reply[] = [];
  #full = false;

  constructor(
    node: TanistNode,
    call: ServerDuplexStream<Buffer, Buffer>,
    messageBytes: number = limits.watchMessageBytes,
  ) {
    this.#node = node;
    this.#messageBytes = messageBytes;
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
      events: (changes) => this.#events(id, changes),
      ended: ({ code, message }) => {
        this.#watches.delete(id);
        const failure = new TanistError(code, message);
        this.#writeInOrder({ id, revision: revision(0), events: [], failure, created: false });
      },
    });
    this.#watches.set(id, handle);
    this.#write({ id, revision: created, events: [], failure: null, created: true });
  }

  #cancel(id: number): void {
    this.#watches.get(id)?.cancel();
    this.#watches.delete(id);
    this.#rest = this.#rest.filter((reply) => reply.id !== id);
  }

  /** False: the client does not keep up; its watches wait until most of what was written has been taken. Never throws: the hub calls. */
  #events(id: number, changes: WatchedChanges): boolean {
    this.#stream.guarded(() => {
      for (const part of partsOf(changes, this.#messageBytes))
        this.#writeInOrder({ id, ...part, failure: null, created: false });
    });
    return this.#stream.open && !this.#full;
  }

  /** Behind what is still to be written of the same watch; a revision's later parts wait while the client takes nothing. */
  #writeInOrder(reply: Reply): void {
    const isPart = reply.events.length > 0 && this.#stream.waitingBytes > limits.messageBytes;
    if (isPart || this.#rest.some(({ id }) => id === reply.id)) {
      this.#rest.push(reply);
      this.#full = true;
    } else this.#write(reply);
  }

  #write(reply: Reply): void {
    this.#stream.guarded(() => this.#stream.write(encodeWatchReply(reply)));
    this.#full ||= this.#stream.waitingBytes > limits.watcherQueueBytes;
  }

  #taken(): void {
    if (!this.#full || this.#stream.waitingBytes > limits.watcherQueueBytes / 2) return;
    this.#full = false;
    while (this.#rest.length > 0 && !this.#full) this.#write(this.#rest.shift() as Reply);
    if (this.#full) return;
    for (const watch of [...this.#watches.values()]) {
      if (this.#full) return;
      watch.resume();
    }
  }

  #closed(): void {
    for (const watch of this.#watches.values()) watch.cancel();
    this.#watches.clear();
    this.#rest = [];
  }
}

/** In messages of about `messageBytes`. Everything up to a part's revision is in it or in an earlier one. */
function partsOf({ revision: through, events }: WatchedChanges, messageBytes: number): WatchedChanges[] {
  const parts: WatchedChanges[] = [];
  let first = 0;
  let bytes = 0;
  for (const [i, { delta, previous }] of events.entries()) {
    const size = deltaBytes(delta) + (previous === null ? 0 : previous.key.length + previous.value.length);
    if (i > first && bytes + size > messageBytes) {
      parts.push({ revision: revision(delta.revision - 1), events: events.slice(first, i) });
      first = i;
      bytes = 0;
    }
    bytes += size;
  }
  parts.push({ revision: through, events: first === 0 ? events : events.slice(first) });
  return parts;
}
