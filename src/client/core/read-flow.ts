import { TanistError } from '../../foundation/errors.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { ReadReply } from '../../protocol/session/session-reply.ts';
import { commandBound } from '../../protocol/session/write-command.ts';
import type { SessionOptions } from './options.ts';
import { PendingRead, type ReadHow } from './pending.ts';
import { Queue } from './queue.ts';
import { refusalOfSize } from './size.ts';

type Options = Pick<SessionOptions, 'inFlightReads' | 'queuedReads' | 'batchBytes'>;

/** Reads on their way. They change nothing: after the loss of a stream all unanswered ones simply go out again. */
export class ReadFlow<Tag> {
  private readonly options: Options;
  private nextId = 1;
  private readonly queue = new Queue<PendingRead<Tag>>();
  private readonly sent = new Map<number, PendingRead<Tag>>();
  /** Sent on the present stream, unanswered, and failed since. */
  private forsaken = 0;
  /** Unsettled ones that were under way when a member could not read a message. */
  private readonly suspects = new Set<PendingRead<Tag>>();
  private settled: PendingRead<Tag>[] = [];

  constructor(options: Options) {
    this.options = options;
  }

  /** Unanswered ones. */
  get size(): number {
    return this.queue.size + this.sent.size;
  }

  submit(range: RangeRequest, how: ReadHow, deadlineMs: number, tag: Tag): PendingRead<Tag> {
    const read = new PendingRead(this.nextId++, range, how, deadlineMs, tag);
    const refusal = refusalOfSize(range, commandBound(range));
    if (refusal !== null) {
      this.settle(read, refusal);
    } else if (this.queue.size < this.options.queuedReads) {
      this.queue.push(read);
    } else {
      const message = `${this.queue.size} reads are waiting in this client already; slow down and retry`;
      this.settle(read, new TanistError('overloaded', message));
    }
    return read;
  }

  /** Whose answer may still come on the present stream. */
  get underWay(): number {
    return this.sent.size + this.forsaken;
  }

  get suspected(): number {
    return this.suspects.size;
  }

  /** The only one that is under way; null: there are more or none. */
  get onlyOne(): PendingRead<Tag> | null {
    return this.underWay === 1 ? (this.sent.values().next().value ?? null) : null;
  }

  /** Any of those under way may be what a member could not read. */
  suspect(): void {
    for (const read of this.sent.values()) this.suspects.add(read);
  }

  /** The next ones to send, marked as sent: about what fits into a batch. */
  take(most = this.options.inFlightReads): readonly PendingRead<Tag>[] {
    const { inFlightReads, batchBytes } = this.options;
    const taken: PendingRead<Tag>[] = [];
    let bytes = 0;
    while (this.sent.size < inFlightReads && taken.length < most && bytes < batchBytes) {
      const read = this.queue.shift();
      if (read === undefined) break;
      read.state = 'sent';
      this.sent.set(read.id, read);
      taken.push(read);
      bytes += commandBound(read.range);
    }
    return taken;
  }

  answered(reply: ReadReply): void {
    const read = this.heardOf(reply.id);
    if (read === undefined) return;
    this.sent.delete(read.id);
    if (reply.outcome instanceof TanistError) {
      this.settle(read, reply.outcome);
      return;
    }
    read.result = reply.outcome;
    read.ageMs = reply.ageMs;
    this.settle(read, null);
  }

  /** The member at `address` does not hold what it asks for. Says who does not, as far as is known. */
  notHeldAt(id: number, address: string): readonly string[] {
    const read = this.sent.get(id);
    if (read === undefined) return [];
    if (!read.notHeldAt.includes(address)) read.notHeldAt = [...read.notHeldAt, address];
    return read.notHeldAt;
  }

  /** Refused for now. */
  again(id: number): void {
    const read = this.heardOf(id);
    if (read === undefined) return;
    this.sent.delete(id);
    read.state = 'queued';
    this.queue.push(read);
  }

  fail(read: PendingRead<Tag>, error: TanistError): void {
    if (read.state === 'settled') return;
    const wasQueued = read.state === 'queued';
    if (this.sent.delete(read.id)) this.forsaken++;
    this.settle(read, error);
    if (wasQueued) this.queue.forget();
  }

  streamLost(): void {
    const due = [...this.sent.values()];
    this.sent.clear();
    this.forsaken = 0;
    for (const read of due) read.state = 'queued';
    this.queue.unshift(due);
  }

  /** Fails what is late; when the next one is. */
  sweepDeadlines(nowMs: number, code: 'deadline-exceeded' | 'lineage-conflict', message: string): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const read of this.unanswered()) {
      if (read.deadlineMs <= nowMs) this.fail(read, new TanistError(code, message));
      else if (read.deadlineMs < earliest) earliest = read.deadlineMs;
    }
    return earliest;
  }

  failAll(error: TanistError): void {
    for (const read of this.unanswered()) this.fail(read, error);
  }

  takeSettled(): readonly PendingRead<Tag>[] {
    const { settled } = this;
    if (settled.length > 0) this.settled = [];
    return settled;
  }

  private unanswered(): PendingRead<Tag>[] {
    return [...this.sent.values(), ...this.queue.living()];
  }

  private heardOf(id: number): PendingRead<Tag> | undefined {
    const read = this.sent.get(id);
    if (read === undefined && this.forsaken > 0) this.forsaken--;
    return read;
  }

  private settle(read: PendingRead<Tag>, error: TanistError | null): void {
    read.state = 'settled';
    read.error = error;
    if (this.suspects.size > 0) this.suspects.delete(read);
    this.settled.push(read);
  }
}
