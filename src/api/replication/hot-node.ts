import type { Client, ClientReadableStream } from '@grpc/grpc-js';
import type { NodeId } from '../../foundation/ids.ts';
import { decodeOffer } from '../../protocol/replication/follow.ts';
import { replicationService, tanistService } from '../../protocol/services.ts';
import { decodeRouting, type Routing } from '../../protocol/status/routing.ts';
import type { SourceOffer } from '../../replication/choose-source.ts';
import { openChannel } from '../../transport/channel.ts';
import { systemClock } from '../system-clock.ts';
import { GrpcSource } from './grpc-source.ts';

export interface HotNodeHandler {
  /** It says who leads. */
  routing(routing: Routing): void;
  received(bytes: number): void;
  /** Its connection is broken. */
  lost(): void;
}

const offerMs = 500;
const firstRetryMs = 20;
const longestRetryMs = 500;
const empty = Buffer.alloc(0);

/** One hot node: a connection that is kept up by its Succession stream, over which it is followed too. */
export class HotNode {
  readonly address: string;
  readonly #handler: HotNodeHandler;
  readonly #source: GrpcSource;
  #client: Client;
  #stream: ClientReadableStream<Buffer> | null = null;
  #retryMs = firstRetryMs;
  #retry: NodeJS.Timeout | null = null;
  /** Smoothed. */
  #roundTripMs: number | null = null;
  #up = false;
  /** Since then it is not up. */
  #lostAtMs = systemClock.nowMs();
  #closed = false;

  constructor(id: NodeId, address: string, handler: HotNodeHandler) {
    this.address = address;
    this.#handler = handler;
    this.#client = openChannel(address);
    this.#source = new GrpcSource(
      id,
      () => this.#client,
      (bytes) => handler.received(bytes),
    );
    this.#listen();
  }

  /** It has said who leads, on the present connection. */
  get isUp(): boolean {
    return this.#up;
  }

  /** Since its connection broke, or was first sought; 0: it is up. */
  get silentMs(): number {
    return this.#up ? 0 : systemClock.nowMs() - this.#lostAtMs;
  }

  /** Null: it does not answer, or does not want to. */
  offer(): Promise<SourceOffer | null> {
    const { path, requestSerialize, responseDeserialize } = replicationService.offer;
    const begunMs = systemClock.nowMs();
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        empty,
        { deadline: Date.now() + offerMs },
        (error, reply) => {
          if (error !== null || reply === undefined) {
            resolve(null);
            return;
          }
          const tookMs = systemClock.nowMs() - begunMs;
          this.#roundTripMs = this.#roundTripMs === null ? tookMs : (this.#roundTripMs * 3 + tookMs) / 4;
          const { leads, followers, refusal } = decodeOffer(reply);
          if (refusal !== null) resolve(null);
          else resolve({ source: this.#source, leads, followers, roundTripMs: this.#roundTripMs });
        },
      );
    });
  }

  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#stream?.cancel();
    this.#client.close();
  }

  #listen(): void {
    const { path, requestSerialize, responseDeserialize } = tanistService.succession;
    const stream = this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, empty);
    this.#stream = stream;
    stream.on('data', (bytes: Buffer) => {
      this.#retryMs = firstRetryMs;
      this.#up = true;
      this.#handler.routing(decodeRouting(bytes));
    });
    stream.on('error', () => this.#lost(stream));
    stream.on('end', () => setImmediate(() => this.#lost(stream)));
  }

  /** By a new connection: grpc-js waits longer and longer before it tries an old one again. */
  #lost(stream: ClientReadableStream<Buffer>): void {
    if (this.#stream !== stream || this.#closed) return;
    this.#stream = null;
    if (this.#up) this.#lostAtMs = systemClock.nowMs();
    this.#up = false;
    this.#roundTripMs = null;
    this.#client.close();
    this.#client = openChannel(this.address);
    this.#retry = setTimeout(() => this.#listen(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
    this.#handler.lost();
  }
}
