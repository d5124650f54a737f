import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import { noSession, type SessionId } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import type { Command, RangeRequest } from '../../ports/command.ts';
import type { CommandResult, RangeResult } from '../../ports/result.ts';
import type { CallOptions } from '../../ports/state-client.ts';
import { tanistService } from '../../protocol/services.ts';
import { decodeSessionReply, type SessionReply } from '../../protocol/session/session-reply.ts';
import { encodeBatchRequest, encodeReadsRequest, type Read } from '../../protocol/session/session-request.ts';
import type { Routing } from '../../protocol/status/routing.ts';
import { callRefusal } from '../core/call-refusal.ts';
import type { SessionOptions } from '../core/options.ts';
import type { PendingCommand, ReadHow } from '../core/pending.ts';
import type { CoreReady } from '../core/ready.ts';
import type { LineageConflict } from '../core/router.ts';
import { SessionCore } from '../core/session-core.ts';
import { callError } from './channel.ts';
import { followed } from './followed.ts';
import type { Links } from './links.ts';
import { CommandWaiter, ReadWaiter, type Waiter } from './waiter.ts';

export interface SessionHandler {
  /** Puts that were acknowledged early and will not be heard of again. */
  lost(puts: readonly PendingCommand<Waiter | null>[]): void;
  /** News of who leads. */
  routing(routing: Routing): void;
  /** A member of another lineage answers, which is passed over. */
  conflict(conflict: LineageConflict): void;
}

/** Longest that a client waits at its end for its session to be closed in the state; else the session expires there. */
const politenessMs = 2000;

type SessionStream = ClientDuplexStream<Buffer, Buffer>;

/**
 * Runs the session core: time, streams and promises around it. What one turn of the event loop produced goes out together: at the
 * end of the turn when nothing is under way, else after the inputs that are already waiting.
 */
export class SessionRunner {
  readonly core: SessionCore<Waiter | null>;
  private readonly links: Links;
  private readonly defaultDeadlineMs: number;
  private readonly handler: SessionHandler;
  private lastRouting: Routing | null = null;
  private lastConflict: LineageConflict | null = null;
  private stream: SessionStream | null = null;
  private streamNumber = 0;
  private flushDue = false;
  private timer: NodeJS.Timeout | null = null;
  private timerAtMs = Number.POSITIVE_INFINITY;
  private closed = false;
  private ended: (() => void) | null = null;

  constructor(
    seeds: readonly string[],
    links: Links,
    options: SessionOptions,
    random: Random,
    defaultDeadlineMs: number,
    handler: SessionHandler,
  ) {
    this.core = new SessionCore(seeds, options, random, null);
    this.links = links;
    this.defaultDeadlineMs = defaultDeadlineMs;
    this.handler = handler;
  }

  submit<Answer>(
    command: Command,
    options: CallOptions | undefined,
    answerOf: (result: CommandResult) => Answer,
  ): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.start(command, options, new CommandWaiter(resolve, reject, answerOf, null));
    });
  }

  /** `onEarly` is called when the leader has it in memory, if that comes before the outcome. */
  submitEarly<Answer>(
    command: Command,
    options: CallOptions | undefined,
    answerOf: (result: CommandResult) => Answer,
    onEarly: () => void,
  ): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.start(command, options, new CommandWaiter(resolve, reject, answerOf, onEarly));
    });
  }

  read<Answer>(
    range: RangeRequest,
    how: ReadHow,
    options: CallOptions | undefined,
    answerOf: (result: RangeResult, ageMs: number) => Answer,
  ): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const waiter = new ReadWaiter(resolve, reject, answerOf);
      if (this.refuses(options, waiter)) return;
      const deadlineMs = performance.now() + (options?.deadlineMs ?? this.defaultDeadlineMs);
      const pending = this.core.read(range, how, deadlineMs, waiter);
      this.onAbort(options?.signal, waiter, () => {
        this.core.abandonRead(pending, 'cancelled', 'the read was cancelled');
      });
      this.flushSoon();
    });
  }

  routed(address: string, routing: Routing): void {
    this.core.routed(address, routing, performance.now());
    this.flush();
  }

  linkUp(address: string): void {
    this.core.linkUp(address);
    this.flush();
  }

  linkDown(address: string): void {
    this.core.linkDown(address, performance.now());
    this.flush();
  }

  /** Commands and reads that are not answered. */
  get unanswered(): number {
    return this.core.unansweredCommands + this.core.unansweredReads;
  }

  /** Until nothing is unanswered, or `giveUpMs`. */
  async drained(giveUpMs: number): Promise<void> {
    while (this.unanswered > 0 && performance.now() < giveUpMs) await delay(2);
  }

  /** Closes the session in the state, so that it need not wait for its expiry. */
  async endSession(id: SessionId, giveUpMs: number): Promise<void> {
    const { stream } = this;
    const waitMs = Math.min(politenessMs, giveUpMs - performance.now());
    if (stream === null || waitMs <= 0 || this.core.unansweredCommands > 0) return;
    const commands = [{ kind: 'closeSession', id }] as const;
    stream.write(
      encodeBatchRequest({ session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands }),
    );
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.ended = () => {
        clearTimeout(timer);
        resolve();
      };
      stream.on('close', this.ended);
    });
  }

  close(): void {
    if (this.closed) return;
    this.core.close();
    this.flush();
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.stream?.cancel();
    this.stream = null;
  }

  private start(command: Command, options: CallOptions | undefined, waiter: Waiter): void {
    if (this.refuses(options, waiter)) return;
    const deadlineMs = performance.now() + (options?.deadlineMs ?? this.defaultDeadlineMs);
    const pending = this.core.submit(command, deadlineMs, waiter.wantsEarly, waiter);
    this.onAbort(options?.signal, waiter, () => {
      this.core.abandon(pending, 'cancelled', 'the call was cancelled');
    });
    this.flushSoon();
  }

  private refuses(options: CallOptions | undefined, waiter: Waiter): boolean {
    const refusal = this.closed ? new TanistError('closed', 'the client is closed') : callRefusal(options);
    if (refusal !== null) waiter.reject(refusal);
    return refusal !== null;
  }

  private onAbort(signal: AbortSignal | undefined, waiter: Waiter, abandon: () => void): void {
    if (signal === undefined) return;
    const listener = (): void => {
      abandon();
      this.flush();
    };
    signal.addEventListener('abort', listener, { once: true });
    waiter.release = () => signal.removeEventListener('abort', listener);
  }

  private flushSoon(): void {
    if (this.flushDue) return;
    this.flushDue = true;
    if (this.core.busy) setImmediate(this.flush);
    else process.nextTick(this.flush);
  }

  private readonly flush = (): void => {
    this.flushDue = false;
    if (this.closed) return;
    const nowMs = performance.now();
    const ready = this.core.ready(nowMs);
    this.send(ready);
    this.tell(ready);
    this.arm(nowMs);
  };

  private send(ready: CoreReady<Waiter | null>): void {
    if (this.stream !== null && ready.stream !== this.streamNumber) {
      this.stream.cancel();
      this.stream = null;
    }
    if (ready.open) this.stream = this.open(ready.address, ready.stream);
    if (this.stream === null) return;
    // Reads first: where a batch is refused the stream is left, and answers behind the refusal would go unheard.
    if (ready.reads.length > 0) this.sendReads(this.stream, ready.reads);
    for (const batch of ready.batches) this.stream.write(encodeBatchRequest(batch));
  }

  /** A request's reads are answered together: those that need no quorum don't wait for those that do. */
  private sendReads(stream: SessionStream, reads: readonly Read[]): void {
    const local = reads.filter(({ serializable }) => serializable);
    if (local.length > 0) stream.write(encodeReadsRequest(local));
    if (local.length === 0) stream.write(encodeReadsRequest(reads));
    else if (local.length < reads.length) {
      stream.write(encodeReadsRequest(reads.filter(({ serializable }) => !serializable)));
    }
  }

  private open(address: string, number: number): SessionStream {
    const { path, requestSerialize, responseDeserialize } = tanistService.session;
    const stream = this.links
      .at(address)
      .channel.makeBidiStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        followed(this.core.router.lineage),
      );
    this.streamNumber = number;
    stream.on('data', (bytes: Buffer) => {
      if (this.stream !== stream) return;
      this.received(number, bytes);
    });
    const lost = (reason: string, error: TanistError | null): void => {
      if (this.stream !== stream) return;
      this.stream = null;
      this.core.streamLost(number, reason, performance.now(), error);
      this.flush();
    };
    stream.on('error', (error: ServiceError) => {
      const failure = callError(error, address);
      lost(failure.message, failure);
    });
    stream.on('end', () => lost(`${address} ended the session stream`, null));
    return stream;
  }

  private received(number: number, bytes: Buffer): void {
    const nowMs = performance.now();
    let reply: SessionReply;
    try {
      reply = decodeSessionReply(bytes);
    } catch (error) {
      this.stream?.cancel();
      this.stream = null;
      this.core.streamLost(number, error instanceof Error ? error.message : 'malformed reply', nowMs);
      this.flush();
      return;
    }
    if (reply.kind === 'batch' && reply.session === noSession && this.ended !== null) this.ended();
    this.core.received(number, reply, nowMs);
    this.flush();
  }

  private tell(ready: CoreReady<Waiter | null>): void {
    for (const pending of ready.early) pending.tag?.early();
    for (const pending of ready.settled) pending.tag?.settled(pending);
    for (const read of ready.settledReads) read.tag?.settledRead(read);
    if (ready.lost.length > 0) this.handler.lost(ready.lost);
    const { routing, conflict } = this.core.router;
    if (conflict !== null && conflict !== this.lastConflict) {
      this.lastConflict = conflict;
      this.handler.conflict(conflict);
    }
    if (routing === null || routing === this.lastRouting) return;
    this.lastRouting = routing;
    this.handler.routing(routing);
  }

  private arm(nowMs: number): void {
    const wakeAtMs = this.core.wakeAtMs();
    if (wakeAtMs >= this.timerAtMs) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timerAtMs = wakeAtMs;
    this.timer = setTimeout(this.wake, Math.max(0, wakeAtMs - nowMs));
  }

  private readonly wake = (): void => {
    this.timer = null;
    this.timerAtMs = Number.POSITIVE_INFINITY;
    this.core.tick(performance.now());
    this.flush();
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
