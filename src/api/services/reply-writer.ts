import type { ServerDuplexStream } from '@grpc/grpc-js';
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
  #waitingBytes = 0;

  /** `taken` is called whenever the client has taken a message. */
  constructor(call: ServerDuplexStream<Buffer, Buffer>, taken: () => void) {
    this.#call = call;
    this.#taken = taken;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** `messages`: how many there are in `bytes`. */
  write(bytes: Buffer | Frames, messages = 1): void {
    const size = bytes.length + messages * messageOverhead;
    this.#waitingBytes += size;
    // Frames are what grpc-js needs of a Buffer.
    this.#call.write(bytes as Buffer, () => {
      this.#waitingBytes -= size;
      this.#taken();
    });
  }
}
