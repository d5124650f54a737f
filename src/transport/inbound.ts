import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { TanistError } from '../foundation/errors.ts';
import type { NodeId } from '../foundation/ids.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { LossReason } from '../ports/transport.ts';
import type { RaftMessage } from '../raft/message.ts';
import { decodeEnvelope, type Envelope } from './envelope.ts';
import { timing } from './options.ts';
import { encodeAnswer, type Hello } from './peer-wire.ts';

export interface InboundEvents {
  /** A peer presents itself; a rejection refuses it. */
  greeted(hello: Hello): Promise<void>;
  up(inbound: Inbound, hello: Hello): void;
  received(from: NodeId, messages: readonly RaftMessage[]): void;
  lost(inbound: Inbound, peer: NodeId, reason: LossReason): void;
  rejected(peer: string, detail: string): void;
  /** Of every message, as it came over the wire. */
  bytes(count: number): void;
}

type Stream = ServerDuplexStream<Buffer, Buffer>;

/** One peer's stream to us. */
export class Inbound {
  private readonly stream: Stream;
  private readonly own: Hello;
  private readonly clock: Clock;
  private readonly events: InboundEvents;
  private peer: NodeId | null = null;
  private over = false;
  private heardMs: number;
  private silence: Timer;

  constructor(stream: Stream, own: Hello, clock: Clock, events: InboundEvents) {
    this.stream = stream;
    this.own = own;
    this.clock = clock;
    this.events = events;
    this.heardMs = clock.nowMs();
    this.silence = clock.after(timing.inboundSilenceMs, () => this.listen());
    stream.on('data', (bytes: Buffer) => this.take(bytes));
    stream.on('cancelled', () => this.end('dropped'));
    stream.on('error', () => this.end('dropped'));
    stream.on('end', () => {
      stream.end();
      this.end('dropped');
    });
    stream.on('close', () => this.end('dropped'));
  }

  /** Ends it; the peer is told why. */
  refuse(code: status, detail: string): void {
    if (this.over) return;
    // grpc-js sends an error of this shape as the status.
    this.stream.emit('error', Object.assign(new Error(detail), { code, details: detail }));
    this.end('dropped');
  }

  private take(bytes: Buffer): void {
    if (this.over) return;
    this.heardMs = this.clock.nowMs();
    this.events.bytes(bytes.length);
    let envelope: Envelope;
    try {
      envelope = decodeEnvelope(bytes);
    } catch (error) {
      if (!(error instanceof TanistError)) throw error;
      this.reject(status.INVALID_ARGUMENT, error.message);
      return;
    }
    const { hello, messages, ping } = envelope;
    if (this.peer === null) {
      if (hello === null)
        this.reject(status.INVALID_ARGUMENT, 'the first message of a stream must be a hello');
      else this.greet(hello);
      return;
    }
    const { peer } = this;
    if (ping !== 0) this.stream.write(encodeAnswer({ pong: ping }));
    if (messages.some((message) => message.from !== peer || message.to !== this.own.id)) {
      this.reject(
        status.INVALID_ARGUMENT,
        `a message from or to another node than ${peer} and ${this.own.id}`,
      );
      return;
    }
    if (messages.length > 0) this.events.received(peer, messages);
  }

  private greet(hello: Hello): void {
    this.stream.pause();
    this.events.greeted(hello).then(
      () => {
        if (this.over) return;
        this.peer = hello.id;
        this.stream.write(encodeAnswer({ hello: this.own }));
        this.events.up(this, hello);
        this.stream.resume();
      },
      (error: unknown) => {
        this.peer = null;
        const detail = error instanceof Error ? error.message : String(error);
        if (!this.over) this.events.rejected(hello.id, detail);
        this.refuse(status.FAILED_PRECONDITION, detail);
      },
    );
  }

  private reject(code: status, detail: string): void {
    // Whoever has not said who it is comes from another port each time.
    this.events.rejected(this.peer ?? this.stream.getPeer().replace(/:\d+$/, ''), detail);
    this.refuse(code, detail);
  }

  private end(reason: LossReason): void {
    if (this.over) return;
    this.over = true;
    this.silence.cancel();
    if (this.peer !== null) this.events.lost(this, this.peer, reason);
  }

  private listen(): void {
    const quietMs = this.clock.nowMs() - this.heardMs;
    if (quietMs < timing.inboundSilenceMs) {
      this.silence = this.clock.after(timing.inboundSilenceMs - quietMs, () => this.listen());
      return;
    }
    const { stream } = this;
    this.end('silent');
    stream.emit('error', Object.assign(new Error('silent'), { code: status.UNAVAILABLE, details: 'silent' }));
  }
}
