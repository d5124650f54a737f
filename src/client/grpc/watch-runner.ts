import type { ClientDuplexStream, Metadata, ServiceError } from '@grpc/grpc-js';
import type { TanistError } from '../../foundation/errors.ts';
import { tanistService } from '../../protocol/services.ts';
import { decodeWatchReply, encodeWatchRequest, type WatchReply } from '../../protocol/watch.ts';
import { verdictOn } from '../core/verdict.ts';
import { callError } from './channel.ts';
import type { Link } from './link.ts';
import type { Subscription } from './subscription.ts';

type WatchStream = ClientDuplexStream<Buffer, Buffer>;

const firstRetryMs = 1;
const longestRetryMs = 100;
/** A member that refused a watch is not the first choice for so long. */
const grudgeMs = 1000;

/**
 * All watches of a client on one stream, to the leader where one is known, else to any member; moved and resumed when it breaks, and from a member that
 * refuses (it is under doubt, starts, or is beyond the quorum) to another one.
 */
export class WatchRunner {
  private readonly linkOf: (refusers: ReadonlyMap<string, unknown>) => Link | null;
  private readonly metadata: () => Metadata;
  /** When it was. */
  private readonly refusedAtMs = new Map<string, number>();
  private readonly subscriptions = new Map<number, Subscription>();
  private nextId = 1;
  private stream: WatchStream | null = null;
  private streamAddress = '';
  private retryMs = firstRetryMs;
  private retry: NodeJS.Timeout | null = null;
  private closed: TanistError | null = null;

  constructor(linkOf: (refusers: ReadonlyMap<string, unknown>) => Link | null, metadata: () => Metadata) {
    this.linkOf = linkOf;
    this.metadata = metadata;
  }

  add(subscription: Subscription): void {
    if (this.closed !== null) {
      subscription.fail(this.closed);
      return;
    }
    this.create(subscription);
    this.connect();
  }

  remove(subscription: Subscription): void {
    if (this.subscriptions.delete(subscription.id)) {
      this.stream?.write(encodeWatchRequest({ kind: 'cancel', id: subscription.id }));
    }
    if (this.subscriptions.size === 0) this.drop();
  }

  /** The leader may be another one now: a stream to a former leader may be one that hears nothing any more. */
  reroute(): void {
    const link = this.link();
    if (link === null) return;
    if (this.stream !== null && link.address !== this.streamAddress) this.drop();
    this.connect();
  }

  /** Watches fail with `error`, those that are begun or go on later, too. */
  close(error: TanistError): void {
    this.closed = error;
    this.failAll(error);
  }

  private failAll(error: TanistError): void {
    this.drop();
    for (const subscription of [...this.subscriptions.values()]) subscription.fail(error);
    this.subscriptions.clear();
  }

  /** A watch gets a new id each time: late replies to an earlier life of it find nothing. */
  private create(subscription: Subscription): void {
    this.subscriptions.delete(subscription.id);
    subscription.id = this.nextId++;
    this.subscriptions.set(subscription.id, subscription);
    this.stream?.write(encodeWatchRequest(subscription.request()));
  }

  private connect(): void {
    if (this.stream !== null || this.subscriptions.size === 0) return;
    const link = this.link();
    if (link === null) {
      this.connectLater();
      return;
    }
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    const { path, requestSerialize, responseDeserialize } = tanistService.watch;
    const stream = link.channel.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      this.metadata(),
    );
    this.stream = stream;
    this.streamAddress = link.address;
    stream.on('data', (bytes: Buffer) => {
      if (this.stream === stream) this.received(decodeWatchReply(bytes));
    });
    stream.on('error', (error: ServiceError) => this.lost(stream, callError(error, link.address)));
    stream.on('end', () => this.lost(stream, null));
    for (const subscription of [...this.subscriptions.values()]) this.create(subscription);
  }

  private received(reply: WatchReply): void {
    const subscription = this.subscriptions.get(reply.id);
    if (subscription === undefined) return;
    if (reply.failure === null) {
      this.retryMs = firstRetryMs;
      if (subscription.take(reply) === 'full') {
        // The server's history keeps what the consumer has no room for.
        this.remove(subscription);
        subscription.whenDrained = () => this.add(subscription);
      }
      return;
    }
    this.subscriptions.delete(subscription.id);
    const isRefusedAtFirst = reply.failure.code === 'too-many-watchers' && !subscription.established;
    if (verdictOn(reply.failure) === 'fail' || isRefusedAtFirst) {
      subscription.fail(reply.failure);
      return;
    }
    this.subscriptions.set(subscription.id, subscription);
    if (verdictOn(reply.failure) === 'elsewhere') this.refusedAtMs.set(this.streamAddress, performance.now());
    this.drop();
    this.connectLater();
  }

  private lost(stream: WatchStream, error: TanistError | null): void {
    if (this.stream !== stream) return;
    this.stream = null;
    if (error?.code === 'not-tanist') {
      this.failAll(error);
      return;
    }
    this.connectLater();
  }

  private link(): Link | null {
    const nowMs = performance.now();
    for (const [address, atMs] of this.refusedAtMs)
      if (nowMs - atMs >= grudgeMs) this.refusedAtMs.delete(address);
    return this.linkOf(this.refusedAtMs);
  }

  private connectLater(): void {
    if (this.retry !== null) return;
    this.retry = setTimeout(() => {
      this.retry = null;
      this.connect();
    }, this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, longestRetryMs);
  }

  private drop(): void {
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    const { stream } = this;
    this.stream = null;
    stream?.cancel();
  }
}
