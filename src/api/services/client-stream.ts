import type { ServerDuplexStream } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import { limits } from '../../foundation/limits.ts';
import type { Frames } from '../streams/frames.ts';
import { toServiceError, toTanistError } from './grpc-status.ts';
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
  /** How an error looks to the client; without, as the native API has it. */
  readonly endWith?: (error: unknown) => Error;
  /** The client, which sends no more, still gets something; `maybeEnd` is called when that may be over. Without, it never does. */
  readonly busy?: () => boolean;
}

/** Beyond twice what may wait on a connection, a stream of which more than this waits is ended. */
const littleBytes = 16 * 1024;

/** One client's stream, both ways. Whatever goes wrong with a client ends its stream and nothing else. */
export class ClientStream {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #options: ClientStreamOptions;
  readonly #replies: ReplyWriter;
  #open = true;
  #clientEnded = false;

  constructor(call: ServerDuplexStream<Buffer, Buffer>, options: ClientStreamOptions) {
    this.#call = call;
    this.#options = options;
    this.#replies = new ReplyWriter(call, () => options.taken?.());
    call.on('data', (bytes: Buffer) => {
      if (this.#open) this.guarded(() => options.received(bytes));
    });
    call.on('end', () => {
      this.#clientEnded = true;
      this.maybeEnd();
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

  /** `gatheredBytes`: to be written at once. Something waits for a client that leaves too much waiting, here or on other streams of its connection. */
  isHeldBack(gatheredBytes = 0): boolean {
    const { waitingBytes, connectionBytes } = this.#replies;
    if (waitingBytes + gatheredBytes === 0) return false;
    return connectionBytes + gatheredBytes > limits.connectionWaitingBytes;
  }

  /** Nothing happens on a stream that is over. */
  write(bytes: Buffer | Frames, messages = 1): void {
    if (!this.#open) return;
    const { waitingBytes, connectionBytes } = this.#replies;
    const isDeaf = waitingBytes > littleBytes && connectionBytes > 2 * limits.connectionWaitingBytes;
    if (isDeaf || waitingBytes > this.#options.mostWaitingBytes)
      this.fail(new TanistError('overloaded', 'the client does not read its replies'));
    else this.#replies.write(bytes, messages);
  }

  /** No more is read of the client until `resume`. */
  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  /** The node calls back from its own turns: an answer that cannot be given must not stop it. */
  guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    if (!this.#open) return;
    this.#close();
    const endWith = this.#options.endWith ?? asServiceError;
    this.#call.emit('error', endWith(error));
  }

  maybeEnd(): void {
    if (!this.#open || !this.#clientEnded || this.#options.busy?.() === true) return;
    this.#close();
    this.#call.end();
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#options.closed();
  }
}

function asServiceError(error: unknown): Error {
  return toServiceError(toTanistError(error));
}
