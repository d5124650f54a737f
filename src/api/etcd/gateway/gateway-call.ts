import { Duplex } from 'node:stream';
import { type Metadata, type StatusObject, status } from '@grpc/grpc-js';

export interface GatewayCallEvents {
  /** `taken`: the next ones may come. */
  messages(messages: readonly Buffer[], taken: () => void): void;
  /** After the last message. */
  ended(outcome: Outcome): void;
}

export type Outcome = Pick<StatusObject, 'code' | 'details'>;

/** What grpc-js takes in place of a Buffer: it puts a frame's head before what is copied, which may bring further frames with it. */
interface Pieces {
  readonly byteLength: number;
  copy(target: Buffer, at: number): void;
}
const frameHeadBytes = 5;

/**
 * A streaming call for the handlers of the gRPC server, which take it for one of grpc-js: what they write goes to the gateway's caller, `end`
 * and an emitted `error` end it, and `cancelled` tells that the caller went.
 */
export class GatewayCall extends Duplex {
  readonly metadata: Metadata;
  /** Of a method that takes one message. */
  request: Buffer = Buffer.alloc(0);
  cancelled = false;
  readonly #path: string;
  readonly #peer: string;
  readonly #events: GatewayCallEvents;
  #outcome: Outcome = { code: status.OK, details: '' };
  #ended = false;

  constructor(path: string, peer: string, metadata: Metadata, events: GatewayCallEvents) {
    super({ objectMode: true });
    this.metadata = metadata;
    this.#path = path;
    this.#peer = peer;
    this.#events = events;
    this.on('error', (error: Partial<StatusObject> & { readonly message?: string }) => {
      const details = error.details ?? error.message ?? 'unknown error';
      this.#outcome = { code: error.code ?? status.UNKNOWN, details };
      this.end();
    });
  }

  /** The caller went. */
  cancel(): void {
    if (this.#ended || this.cancelled) return;
    this.#ended = true;
    this.cancelled = true;
    this.emit('cancelled', 'cancelled');
    this.destroy();
  }

  getPeer(): string {
    return this.#peer;
  }

  getPath(): string {
    return this.#path;
  }

  getHost(): string {
    return '';
  }

  getDeadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  sendMetadata(_metadata: Metadata): void {}

  override _read(): void {}

  override _write(written: Buffer | Pieces, _encoding: string, taken: () => void): void {
    if (this.#ended) taken();
    else this.#events.messages(Buffer.isBuffer(written) ? [written] : messagesOf(written), taken);
  }

  override _final(done: () => void): void {
    if (!this.#ended) this.#events.ended(this.#outcome);
    this.#ended = true;
    done();
  }
}

function messagesOf(pieces: Pieces): readonly Buffer[] {
  const frames = Buffer.alloc(frameHeadBytes + pieces.byteLength);
  frames.writeUInt32BE(pieces.byteLength, 1);
  pieces.copy(frames, frameHeadBytes);
  const messages: Buffer[] = [];
  for (let at = 0; at < frames.length; ) {
    const start = at + frameHeadBytes;
    at = start + frames.readUInt32BE(at + 1);
    messages.push(frames.subarray(start, at));
  }
  return messages;
}
