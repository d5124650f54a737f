import type { ServerDuplexStream } from '@grpc/grpc-js';
import { type ConnectionLoad, loadOf } from '../streams/connection-load.ts';
import type { Frames } from '../streams/frames.ts';

/** What a message costs beside its bytes while it waits. */
const messageOverhead = 128;

/**
 * Writes to a client and knows how many bytes it has not taken. (The stream's own `writableLength` counts messages; the network layer holds
 * at most the one message that it works on.)
 */
export class ReplyWriter {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #taken: () => void;
  readonly #connection: ConnectionLoad;
  #waitingBytes = 0;
  #gone = false;

  /** `taken` is called whenever the client has taken a message. */
  constructor(call: ServerDuplexStream<Buffer, Buffer>, taken: () => void) {
    this.#call = call;
    this.#taken = taken;
    this.#connection = loadOf(call);
    // What waits on a stream that failed still waits: until the client reads it, or goes.
    call.on('cancelled', () => this.#forget());
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** With those of all other streams of the connection. */
  get connectionBytes(): number {
    return this.#connection.waitingBytes;
  }

  /** `messages`: how many there are in `bytes`. */
  write(bytes: Buffer | Frames, messages = 1): void {
    if (this.#gone) return;
    const size = bytes.length + messages * messageOverhead;
    this.#count(size);
    // Frames are what grpc-js needs of a Buffer.
    this.#call.write(bytes as Buffer, () => {
      if (this.#gone) return;
      this.#count(-size);
      this.#taken();
    });
  }

  #count(bytes: number): void {
    this.#waitingBytes += bytes;
    this.#connection.add(bytes);
  }

  #forget(): void {
    if (!this.#gone) this.#count(-this.#waitingBytes);
    this.#gone = true;
  }
}
