import type { ServerDuplexStream } from '@grpc/grpc-js';

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

  write(bytes: Buffer): void {
    const size = bytes.length + messageOverhead;
    this.#waitingBytes += size;
    this.#call.write(bytes, () => {
      this.#waitingBytes -= size;
      this.#taken();
    });
  }
}
