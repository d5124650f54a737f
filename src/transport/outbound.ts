import type { Client, ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { TanistError } from '../foundation/errors.ts';
import type { Random } from '../foundation/random.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { LossReason } from '../ports/transport.ts';
import { peerService } from '../protocol/services.ts';
import type { RaftMessage } from '../raft/message.ts';
import { callFailure, openChannel } from './channel.ts';
import { DeliveryRate } from './delivery-rate.ts';
import { dial } from './dial.ts';
import { encodeEnvelope, encodeHelloEnvelope } from './envelope.ts';
import { sizes, timing } from './options.ts';
import { decodeAnswer, type Hello, type PeerAnswer } from './peer-wire.ts';
import { messageBound } from './raft-wire.ts';
import { RoundTrip } from './round-trip.ts';

export interface OutboundEvents {
  /** The peer answered with its hello; a rejection ends the attempt. */
  greeted(hello: Hello): Promise<void>;
  up(hello: Hello): void;
  lost(reason: LossReason): void;
  /** The peer, or `greeted`, does not want this connection. */
  rejected(detail: string): void;
}

type Stream = ClientDuplexStream<Buffer, Buffer>;

/** One attempt at a connection, from its first packet to its end. */
interface Attempt {
  readonly client: Client;
  readonly stream: Stream;
  up: boolean;
  /** It has been reported as silent, but may still answer. */
  late: boolean;
  over: boolean;
}

/** Our stream to one peer: kept up for ever, until closed. Of several addresses the next one is tried after each attempt that failed. */
export class Outbound {
  readonly roundTrip = new RoundTrip();
  readonly deliveryRate = new DeliveryRate();
  droppedMessages = 0;
  private readonly addresses: readonly string[];
  private turn = 0;
  private readonly hello: Hello;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly events: OutboundEvents;
  private attempt: Attempt | null = null;
  private pending: RaftMessage[] = [];
  private pendingBytes = 0;
  private flushing = false;
  private queuedBytes = 0;
  private retryMs = 0;
  private retry: Timer | null = null;
  private stopDial: (() => void) | null = null;
  private deadline: Timer | null = null;
  private idle: Timer | null = null;
  private closed = false;

  constructor(
    addresses: readonly string[],
    hello: Hello,
    clock: Clock,
    random: Random,
    events: OutboundEvents,
  ) {
    this.addresses = addresses;
    this.hello = hello;
    this.clock = clock;
    this.random = random;
    this.events = events;
    this.clock.soon(() => this.connect());
  }

  /** The one that is in use or tried next. */
  get address(): string {
    return this.addresses[this.turn % this.addresses.length] ?? '';
  }

  send(message: RaftMessage): void {
    const bytes = messageBound(message);
    if (this.attempt?.up !== true || this.queuedBytes + this.pendingBytes > sizes.queueBytes) {
      this.droppedMessages += 1;
      return;
    }
    this.pending.push(message);
    this.pendingBytes += bytes;
    if (this.flushing) return;
    this.flushing = true;
    this.clock.soon(this.flush);
  }

  /**
   * The peer was heard: no need to wait any longer. Nor for an answer on a connection that has been silent: what was lost there while the network was
   * cut is sent again only after as long a wait (RFC 6298, 5.5).
   */
  connectNow(): void {
    if (this.attempt?.late === true) this.end(this.attempt);
    else if (this.retry === null) return;
    this.retryMs = 0;
    this.connect();
  }

  /** The peer's process has ended: the connection may live on in its kernel for a while, and there is no hurry for another. */
  gone(): void {
    const { attempt } = this;
    if (attempt === null) return;
    this.end(attempt);
    this.retryMs = timing.afterEndMs;
    this.again(false, 'gone');
  }

  /** Presents this node anew. */
  renew(): void {
    if (this.attempt?.up === true) this.fail(this.attempt, 'dropped');
  }

  close(): void {
    this.closed = true;
    this.retry?.cancel();
    this.stopDial?.();
    if (this.attempt !== null) this.end(this.attempt);
  }

  private connect(): void {
    this.retry?.cancel();
    this.retry = null;
    if (this.closed || this.attempt !== null || this.stopDial !== null) return;
    this.stopDial = dial(this.address, timing.connectMs, this.clock, (outcome) => {
      this.stopDial = null;
      if (outcome === 'open') this.open();
      else this.again(false, outcome);
    });
  }

  private open(): void {
    const client = openChannel(this.address);
    const { path, requestSerialize, responseDeserialize } = peerService.messages;
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const attempt: Attempt = { client, stream, up: false, late: false, over: false };
    this.attempt = attempt;
    this.queuedBytes = 0;
    stream.on('data', (bytes: Buffer) => this.answered(attempt, bytes));
    stream.on('error', (error: ServiceError) => this.failed(attempt, error));
    stream.on('end', () => this.fail(attempt, 'dropped'));
    stream.write(encodeHelloEnvelope(this.hello));
    this.deadline = this.clock.after(timing.connectMs, () => {
      attempt.late = true;
      this.events.lost('silent');
      this.deadline = this.clock.after(timing.answerMs, () => this.fail(attempt, 'silent'));
    });
  }

  private answered(attempt: Attempt, bytes: Buffer): void {
    if (attempt.over) return;
    let answer: PeerAnswer;
    try {
      answer = decodeAnswer(bytes);
    } catch (error) {
      if (!(error instanceof TanistError)) throw error;
      this.reject(attempt, error.message);
      return;
    }
    if ('pong' in answer) {
      const nowMs = this.clock.nowMs();
      this.roundTrip.echoed(answer.pong, nowMs);
      this.deliveryRate.echoed(nowMs, this.queuedBytes > 0);
      return;
    }
    const { hello } = answer;
    this.deadline?.cancel(); // it lives; what remains is our own work
    attempt.late = false;
    this.events.greeted(hello).then(
      () => this.accepted(attempt, hello),
      (error: unknown) => this.reject(attempt, error instanceof Error ? error.message : String(error)),
    );
  }

  private accepted(attempt: Attempt, hello: Hello): void {
    if (attempt.over || attempt.up) return;
    attempt.up = true;
    this.retryMs = 0;
    this.roundTrip.reset();
    this.deliveryRate.reset();
    this.watch(attempt);
    this.events.up(hello);
  }

  private failed(attempt: Attempt, error: ServiceError): void {
    const failure = callFailure(error);
    switch (failure.kind) {
      case 'refused':
        this.fail(attempt, attempt.up ? 'dropped' : 'refused');
        return;
      case 'unreachable':
        this.fail(attempt, 'silent');
        return;
      case 'dropped':
        this.fail(attempt, 'dropped');
        return;
      case 'rejected':
        this.reject(attempt, failure.detail);
    }
  }

  private reject(attempt: Attempt, detail: string): void {
    if (attempt.over) return;
    this.events.rejected(detail);
    this.retryMs = timing.lastRetryMs;
    this.fail(attempt, 'dropped');
  }

  private fail(attempt: Attempt, reason: LossReason): void {
    if (attempt.over) return;
    this.end(attempt);
    this.again(attempt.up, reason);
  }

  /** Tries again: at once after a connection that lived, otherwise ever more rarely. */
  private again(lived: boolean, reason: LossReason): void {
    if (this.closed) return;
    if (!lived) this.turn += 1;
    const delayMs = this.retryMs * (0.5 + this.random.next());
    const atOnce = lived && this.retryMs === 0;
    this.retryMs = Math.min(Math.max(this.retryMs * 2, timing.firstRetryMs), timing.lastRetryMs);
    this.retry = this.clock.after(atOnce ? 0 : Math.max(delayMs, timing.firstRetryMs / 2), () =>
      this.connect(),
    );
    this.events.lost(reason);
  }

  private end(attempt: Attempt): void {
    attempt.over = true;
    this.attempt = null;
    this.pending = [];
    this.pendingBytes = 0;
    this.deadline?.cancel();
    this.idle?.cancel();
    attempt.stream.cancel();
    attempt.client.close();
  }

  readonly flush = (): void => {
    this.flushing = false;
    const { attempt, pending } = this;
    if (attempt?.up !== true || pending.length === 0) return;
    this.pending = [];
    this.pendingBytes = 0;
    const ping = this.roundTrip.due(this.clock.nowMs(), timing.pingMs);
    let start = 0;
    let bytes = 0;
    for (let i = 0; i < pending.length; i++) {
      const bound = messageBound(pending[i] as RaftMessage);
      if (i > start && bytes + bound > sizes.envelopeBytes) {
        this.write(attempt, encodeEnvelope(pending.slice(start, i), 0));
        start = i;
        bytes = 0;
      }
      bytes += bound;
    }
    this.write(attempt, encodeEnvelope(start === 0 ? pending : pending.slice(start), ping));
    if (ping !== 0) this.deliveryRate.pinged();
  };

  private write(attempt: Attempt, bytes: Buffer): void {
    this.queuedBytes += bytes.length;
    this.deliveryRate.sent(bytes.length);
    attempt.stream.write(bytes, () => {
      if (attempt.over) return;
      this.queuedBytes -= bytes.length;
      this.roundTrip.progress(this.clock.nowMs());
    });
  }

  /** Pings an idle peer, and cuts a stream that gives no echo. */
  private watch(attempt: Attempt): void {
    const nowMs = this.clock.nowMs();
    if (this.roundTrip.overdue(nowMs, timing.echoMs)) {
      // The echo may have come in while this process itself stood still: let it be read first.
      this.idle = this.clock.after(50, () => {
        if (this.roundTrip.overdue(this.clock.nowMs(), timing.echoMs)) this.fail(attempt, 'silent');
        else this.watch(attempt);
      });
      return;
    }
    const ping = this.roundTrip.due(nowMs, timing.pingMs);
    if (ping !== 0) {
      this.write(attempt, encodeEnvelope([], ping));
      this.deliveryRate.pinged();
    }
    this.idle = this.clock.after(timing.idleMs, () => this.watch(attempt));
  }
}
