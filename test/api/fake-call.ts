import { Duplex } from 'node:stream';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { Frames } from '../../src/api/streams/frames.ts';

/** A client's stream without a network: what it sends, what it has taken, and how it was ended. */
export class FakeCall extends Duplex {
  readonly taken: Buffer[] = [];
  /** Why the server ended it, as the client hears it. */
  endedWith: { readonly code: string; readonly message: string } | null = null;
  readonly #peer: string;
  #reads = true;
  #held: (() => void) | null = null;

  /** `peer`: the connection. */
  constructor(peer = '127.0.0.1:1') {
    super({ objectMode: true, autoDestroy: false });
    this.#peer = peer;
    this.on('error', (error: Error & { metadata?: { get(name: string): unknown[] } }) => {
      this.endedWith = { code: String(error.metadata?.get('tanist-code')[0]), message: error.message };
    });
  }

  get call(): ServerDuplexStream<Buffer, Buffer> {
    return this as unknown as ServerDuplexStream<Buffer, Buffer>;
  }

  getPeer(): string {
    return this.#peer;
  }

  sends(bytes: Buffer): void {
    this.emit('data', bytes);
  }

  /** Like a client that has stopped reading: the network holds one message, the rest waits. */
  stopReading(): void {
    this.#reads = false;
  }

  async readAgain(): Promise<void> {
    this.#reads = true;
    this.#held?.();
    this.#held = null;
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.writableLength > 0);
  }

  override _read(): void {}

  override _write(chunk: Buffer | Frames, _encoding: string, done: () => void): void {
    this.taken.push(...messagesOf(chunk));
    if (this.#reads) done();
    else this.#held = done;
  }
}

/** As grpc-js brings it to the network, and a client takes it apart. */
function messagesOf(chunk: Buffer | Frames): Buffer[] {
  if (!(chunk instanceof Frames)) return [chunk];
  const bytes = Buffer.alloc(chunk.byteLength + 5);
  chunk.copy(bytes, 5);
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}
