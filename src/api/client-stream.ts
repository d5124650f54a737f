import type { ServerDuplexStream } from '@grpc/grpc-js';
import { TanistError } from '../foundation/errors.ts';
import { endWith, toTanistError } from './grpc-status.ts';
import { ReplyWriter } from './reply-writer.ts';

export interface ClientStreamOptions {
  /** A message of the client's. What it throws ends the stream. */
  readonly received: (bytes: Buffer) => void;
  /** The stream is over, for whatever reason. Called once. */
  readonly closed: () => void;
  /** The client has taken a message. */
  readonly taken?: () => void;
  /** Bytes that may wait for the client: one that takes no more loses its stream. */
  readonly mostWaitingBytes: number;
}

/** One client's stream, both ways. Whatever goes wrong with a client ends its stream and nothing else. */
export class ClientStream {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #options: ClientStreamOptions;
  readonly #replies: ReplyWriter;
  #open = true;

  constructor(call: ServerDuplexStream<Buffer, Buffer>, options: ClientStreamOptions) {
    this.#call = call;
    this.#options = options;
    this.#replies = new ReplyWriter(call, () => options.taken?.());
    call.on('data', (bytes: Buffer) => {
      if (this.#open) this.guarded(() => options.received(bytes));
    });
    call.on('end', () => {
      this.#close();
      call.end();
    });
    call.on('cancelled', () => this.#close());
    call.on('error', () => this.#close());
  }

  get open(): boolean {
    return this.#open;
  }

  /** Written and not yet taken by the client. */
  get waitingBytes(): number {
    return this.#replies.waitingBytes;
  }

  /** Nothing happens on a stream that is over. */
  write(bytes: Buffer): void {
    if (!this.#open) return;
    if (this.#replies.waitingBytes > this.#options.mostWaitingBytes)
      this.fail(new TanistError('overloaded', 'the client does not read its replies'));
    else this.#replies.write(bytes);
  }

  /** The node calls back from its own turns: an answer that cannot be given must not stop it. */
  guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.fail(toTanistError(error));
    }
  }

  fail(error: TanistError): void {
    if (!this.#open) return;
    this.#close();
    endWith(this.#call, error);
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#options.closed();
  }
}
