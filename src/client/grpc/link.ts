import type { Client, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import type { TanistError } from '../../foundation/errors.ts';
import { tanistService } from '../../protocol/services.ts';
import { decodeRouting, type Routing } from '../../protocol/status/routing.ts';
import { callError, openChannel } from './channel.ts';

export interface LinkHandler {
  /** Every word of this member on who leads; the first one comes before `up`. */
  routing(address: string, routing: Routing): void;
  up(address: string): void;
  down(address: string, error: TanistError): void;
}

const firstRetryMs = 5;
/** Of the wait before the next attempt: soon after a connection that broke by itself, seldom where a member is gone. */
const retryGrowth = 4;
const longestRetryMs = 500;

/**
 * A warm connection to one member, kept up by its Succession stream: whoever becomes leader says so on it at once, and
 * the session stream to it needs no new connection. A broken connection is replaced by a new one.
 */
export class Link {
  readonly address: string;
  isUp = false;
  lastError: TanistError | null = null;
  private readonly handler: LinkHandler;
  /** Made when there is something to call for: while a member is gone, nobody needs a connection to it. */
  private client: Client | null = null;
  private stream: ClientReadableStream<Buffer> | null = null;
  private retryMs = firstRetryMs;
  private retry: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(address: string, handler: LinkHandler) {
    this.address = address;
    this.handler = handler;
    this.listen();
  }

  /** For further calls on the same connection. */
  get channel(): Client {
    this.client ??= openChannel(this.address);
    return this.client;
  }

  /** It is alive, others say: it is dialled at once instead of at the next turn of the waits between attempts. */
  hurry(): void {
    if (this.retry === null || this.closed) return;
    clearTimeout(this.retry);
    this.retryMs = firstRetryMs;
    this.listen();
  }

  close(): void {
    this.closed = true;
    if (this.retry !== null) clearTimeout(this.retry);
    this.stream?.cancel();
    this.client?.close();
  }

  private listen(): void {
    this.retry = null;
    const { path, requestSerialize, responseDeserialize } = tanistService.succession;
    const stream = this.channel.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      Buffer.alloc(0),
    );
    this.stream = stream;
    stream.on('data', (bytes: Buffer) => {
      if (this.stream === stream) this.heard(bytes);
    });
    stream.on('error', (error: ServiceError) => this.lost(stream, callError(error, this.address)));
    stream.on('end', () => {
      // The status follows as an error, unless it is OK: a member that ends the stream by itself is stopping.
      setImmediate(() => this.lost(stream, null));
    });
  }

  private heard(bytes: Buffer): void {
    this.handler.routing(this.address, decodeRouting(bytes));
    if (this.isUp) return;
    this.isUp = true;
    this.lastError = null;
    this.retryMs = firstRetryMs;
    this.handler.up(this.address);
  }

  private lost(stream: ClientReadableStream<Buffer>, error: TanistError | null): void {
    if (this.stream !== stream || this.closed) return;
    this.stream = null;
    this.isUp = false;
    const cause = error ?? callError(endedByServer, this.address);
    this.lastError = cause;
    this.client?.close();
    this.client = null;
    this.handler.down(this.address, cause);
    if (this.closed) return;
    this.retry = setTimeout(() => this.listen(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * retryGrowth, longestRetryMs);
  }
}

const endedByServer = Object.assign(new Error(), {
  code: 14,
  details: 'the member ended the stream',
}) as ServiceError;
