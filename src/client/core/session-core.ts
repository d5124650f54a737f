import { assert } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import { noSession, type SessionId } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import type { Command, CommandBatch, RangeRequest } from '../../ports/command.ts';
import type { CommandResult } from '../../ports/result.ts';
import type { BatchReply, ReadReply, SessionReply } from '../../protocol/session/session-reply.ts';
import { commandBound } from '../../protocol/session/write-command.ts';
import type { Routing } from '../../protocol/status/routing.ts';
import { Caution } from './caution.ts';
import { CommandWindow } from './command-window.ts';
import { conflictAlone } from './lineage-conflict.ts';
import type { SessionOptions } from './options.ts';
import { PendingCommand, type PendingRead, type ReadHow } from './pending.ts';
import { Queue } from './queue.ts';
import { ReadFlow } from './read-flow.ts';
import type { CoreReady } from './ready.ts';
import { candidates, initialRouter, nextRouter, type RouterInput, type RouterState } from './router.ts';
import { SentBatches } from './sent-batches.ts';
import { nextPhase, noSessionYet, type SessionPhase } from './session-phase.ts';
import { refusalOfSize } from './size.ts';
import { type Verdict, verdictOn } from './verdict.ts';

const longestPauseMs = 250;

/**
 * The client's side of exactly-once (promise 3), without I/O, clock or promises: numbers commands, forms batches, keeps what is
 * unanswered over the loss of streams and leaders, and says what to send where. Inputs change the state at once; what is to be
 * done is in the next `ready`. One caller, never re-entrant. `Tag` is the caller's own mark on a command or read.
 */
export class SessionCore<Tag> {
  router: RouterState;
  phase: SessionPhase = noSessionYet;
  private readonly options: SessionOptions;
  private readonly random: Random;
  /** Marks the core's own commands. */
  private readonly ownTag: Tag;
  private window = new CommandWindow<Tag>();
  private readonly queue = new Queue<PendingCommand<Tag>>();
  private queuedBytes = 0;
  private readonly reads: ReadFlow<Tag>;
  private readonly sentBatches = new SentBatches();
  /** Null: every message of late could be read. */
  private caution: Caution | null = null;
  private openedStream = 0;
  private lastSentMs = 0;
  private pausedUntilMs = 0;
  private pauses = 0;
  private earliestDeadlineMs = Number.POSITIVE_INFINITY;
  /** Why nothing has moved lately; goes into deadline errors. */
  private lastTrouble: string | null = null;
  private settled: PendingCommand<Tag>[] = [];
  private early: PendingCommand<Tag>[] = [];
  private lost: PendingCommand<Tag>[] = [];

  constructor(seeds: readonly string[], options: SessionOptions, random: Random, ownTag: Tag) {
    this.router = initialRouter(seeds);
    this.options = options;
    this.random = random;
    this.ownTag = ownTag;
    this.reads = new ReadFlow(options);
  }

  /** Commands that are not settled. */
  get unansweredCommands(): number {
    return this.window.count + this.queue.size;
  }

  get unansweredReads(): number {
    return this.reads.size;
  }

  /** Whether a batch is waited for, so that gathering costs no latency. */
  get busy(): boolean {
    return this.sentBatches.waitedFor > 0;
  }

  submit(command: Command, deadlineMs: number, wantsEarly: boolean, tag: Tag): PendingCommand<Tag> {
    const pending = new PendingCommand(command, commandBound(command), deadlineMs, wantsEarly, tag);
    const refusal = refusalOfSize(command, pending.sizeBytes) ?? this.refusalOfQueue(pending.sizeBytes);
    if (refusal !== null) {
      pending.error = refusal;
      pending.state = 'settled';
      this.settled.push(pending);
      return pending;
    }
    this.queue.push(pending);
    this.queuedBytes += pending.sizeBytes;
    if (deadlineMs < this.earliestDeadlineMs) this.earliestDeadlineMs = deadlineMs;
    return pending;
  }

  read(range: RangeRequest, how: ReadHow, deadlineMs: number, tag: Tag): PendingRead<Tag> {
    if (deadlineMs < this.earliestDeadlineMs) this.earliestDeadlineMs = deadlineMs;
    return this.reads.submit(range, how, deadlineMs, tag);
  }

  /**
   * The caller no longer waits. A command that never left fails with just that; one that did leave fails as indeterminate, and its number
   * counts as settled: a late copy of it is refused by the state once a batch with the new `acknowledgedThrough` is there.
   */
  abandon(
    pending: PendingCommand<Tag>,
    code: 'cancelled' | 'deadline-exceeded' | 'lineage-conflict' | 'closed',
    message: string,
  ): void {
    if (pending.state === 'settled' || pending.toldEarly) return;
    const indeterminate = pending.exposed || pending.state === 'sent';
    const detail = indeterminate ? 'it may or may not have been applied' : 'it was not applied';
    const error = new TanistError(code, `${message}; ${detail}`, { indeterminate });
    if (pending.state !== 'queued') {
      this.settle(pending, null, error);
      return;
    }
    this.failQueued(pending, error);
    this.queue.forget();
  }

  abandonRead(read: PendingRead<Tag>, code: 'cancelled' | 'closed', message: string): void {
    this.reads.fail(read, new TanistError(code, message));
  }

  /** Routing that the member at the address `from` told, on whatever stream. */
  routed(from: string, routing: Routing, nowMs: number): void {
    this.route({ type: 'routing', from, routing, nowMs });
  }

  linkUp(address: string): void {
    this.route({ type: 'linkUp', address });
  }

  linkDown(address: string, nowMs: number): void {
    this.lastTrouble = `the connection to ${address} broke`;
    this.route({ type: 'linkDown', address, nowMs });
  }

  /** `error`: which the member ended it with, if it did. */
  streamLost(stream: number, reason: string, nowMs: number, error: TanistError | null = null): void {
    if (stream === this.openedStream) {
      this.lastTrouble = reason;
      if (error?.code === 'invalid-argument' && stream === this.presentStream())
        this.handleUnreadable(stream, error, nowMs);
    }
    this.route({ type: 'streamLost', stream, nowMs });
  }

  received(stream: number, reply: SessionReply, nowMs: number): void {
    if (reply.kind === 'routing') {
      const { route } = this.router;
      if (route.state === 'attached' && route.stream === stream)
        this.routed(route.address, reply.routing, nowMs);
      return;
    }
    if (stream !== this.openedStream || stream !== this.presentStream()) return;
    switch (reply.kind) {
      case 'batch':
        if (reply.refused !== null) this.handleRefused(stream, reply, reply.refused, nowMs);
        else if (reply.session === noSession) this.handleOpened(stream, reply.results[0], nowMs);
        else this.handleResults(stream, reply.session, reply.firstNumber, reply.results);
        return;
      case 'early':
        this.handleEarly(reply.session, reply.firstNumber, reply.lastNumber);
        return;
      case 'reads':
        this.handleReads(stream, reply.replies, nowMs);
        return;
    }
  }

  /** Passes time: deadlines, back-off, renewal of an idle session. */
  tick(nowMs: number): void {
    if (nowMs >= this.earliestDeadlineMs) this.sweepDeadlines(nowMs);
    if (this.phase.state === 'open' && nowMs >= this.renewalDueMs() && this.unansweredCommands === 0) {
      this.submit(
        { kind: 'keepSessions', ids: [this.phase.id] },
        Number.POSITIVE_INFINITY,
        false,
        this.ownTag,
      );
    }
  }

  /** When `tick` and `ready` must be called next, if nothing else happens. */
  wakeAtMs(): number {
    let wake = this.earliestDeadlineMs;
    if (this.hasWork()) {
      if (this.router.route.state === 'detached') wake = Math.min(wake, this.router.route.retryAtMs);
      else if (this.pausedUntilMs > 0) wake = Math.min(wake, this.pausedUntilMs);
    }
    if (this.phase.state === 'open' && this.unansweredCommands === 0)
      wake = Math.min(wake, this.renewalDueMs());
    return wake;
  }

  /** Fails everything; the core takes no further input. `sessionToClose`: what the runner may still close politely. */
  close(): { readonly sessionToClose: SessionId } {
    const message = 'the client was closed';
    for (const pending of [...this.window.unanswered()]) {
      if (pending.toldEarly) this.lose(pending, new TanistError('closed', message, { indeterminate: true }));
      else this.abandon(pending, 'closed', message);
    }
    for (const pending of this.queue.living()) this.abandon(pending, 'closed', message);
    this.reads.failAll(new TanistError('closed', message));
    return { sessionToClose: this.phase.state === 'open' ? this.phase.id : noSession };
  }

  ready(nowMs: number): CoreReady<Tag> {
    const batches: CommandBatch[] = [];
    let reads: readonly PendingRead<Tag>[] = [];
    let open = false;
    if (this.hasWork() && this.router.route.state === 'detached') this.route({ type: 'tick', nowMs });
    const { route } = this.router;
    if (route.state === 'attached' && this.hasWork()) {
      if (this.openedStream !== route.stream) {
        open = true;
        this.openedStream = route.stream;
      }
      if (nowMs >= this.pausedUntilMs) {
        this.pausedUntilMs = 0;
        if (this.caution !== null) this.endCaution(this.caution);
        if (this.caution !== null) {
          reads = this.formOne(batches, this.caution, nowMs);
        } else {
          this.formBatches(batches, route.trusted ? this.options.batchesInFlight : 1, nowMs);
          reads = this.reads.take();
        }
      }
      if (batches.length > 0) this.lastSentMs = nowMs;
    }
    const ready: CoreReady<Tag> = {
      stream: this.presentStream(),
      address: route.state === 'attached' ? route.address : '',
      open,
      batches,
      reads,
      early: this.early,
      settled: this.settled,
      settledReads: this.reads.takeSettled(),
      lost: this.lost,
    };
    if (this.early.length > 0) this.early = [];
    if (this.settled.length > 0) this.settled = [];
    if (this.lost.length > 0) this.lost = [];
    return ready;
  }

  private refusalOfQueue(sizeBytes: number): TanistError | null {
    const { queuedCommands, queuedBytes } = this.options;
    const { size } = this.queue;
    if (size < queuedCommands && (size === 0 || this.queuedBytes + sizeBytes <= queuedBytes)) return null;
    const message = `${size} commands are waiting in this client already; slow down and retry`;
    return new TanistError('overloaded', message);
  }

  private hasWork(): boolean {
    return this.window.count > 0 || this.queue.size > 0 || this.reads.size > 0;
  }

  private presentStream(): number {
    return this.router.route.state === 'attached' ? this.router.route.stream : 0;
  }

  /** Every change of the route goes through here: leaving a stream makes all that was on it due again. */
  private route(input: RouterInput): void {
    const before = this.presentStream();
    this.router = nextRouter(this.router, input);
    if (this.presentStream() === before || this.openedStream !== before || before === 0) return;
    this.window.streamLost();
    this.sentBatches.clear();
    this.reads.streamLost();
    this.phase = nextPhase(this.phase, { type: 'streamLost' });
    this.pausedUntilMs = 0;
  }

  private formBatches(batches: CommandBatch[], maxInFlight: number, nowMs: number): void {
    if (this.window.unsentCount === 0 && this.queue.size === 0) return;
    if (this.phase.state === 'none')
      this.phase = nextPhase(this.phase, { type: 'needed', nonce: this.nonce() });
    if (this.phase.state === 'opening') {
      if (this.phase.sent) return;
      const open: Command = {
        kind: 'openSession',
        ttlMs: this.options.sessionTtlMs,
        nonce: this.phase.nonce,
      };
      batches.push({ session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands: [open] });
      this.phase = nextPhase(this.phase, { type: 'openSent' });
      return;
    }
    assert(this.phase.state === 'open', 'a session is open');
    while (this.sentBatches.hasRoom(maxInFlight)) {
      this.numberQueued(nowMs);
      const { batchCommands, batchBytes } = this.options;
      const mostCommands = this.caution === null ? batchCommands : this.caution.commands;
      const run = this.window.takeRun(Math.min(mostCommands, batchCommands), batchBytes);
      const first = run[0];
      if (first === undefined) return;
      assert(this.window.acknowledgedThrough < first.number, 'settled numbers are not sent');
      const isRepeat = run.some(({ toldEarly }) => toldEarly);
      this.sentBatches.add(first.number, run.length, isRepeat);
      batches.push({
        session: this.phase.id,
        firstNumber: first.number,
        acknowledgedThrough: this.window.acknowledgedThrough,
        commands: run.map(commandOf),
      });
    }
  }

  /** One message at a time, so that the member says what is wrong with it alone. What is suspected goes first. */
  private formOne(batches: CommandBatch[], caution: Caution, nowMs: number): readonly PendingRead<Tag>[] {
    const isOpening = this.phase.state === 'opening' && this.phase.sent;
    if (isOpening || this.busy || this.reads.underWay > 0) return [];
    if (this.reads.suspected > 0) return this.reads.take(caution.reads);
    this.formBatches(batches, 1, nowMs);
    return batches.length > 0 ? [] : this.reads.take(caution.reads);
  }

  private endCaution({ through }: Caution): void {
    if (this.window.acknowledgedThrough >= through && this.reads.suspected === 0) this.caution = null;
  }

  /** Gives numbers to what the next batch can take. */
  private numberQueued(nowMs: number): void {
    const { window, options } = this;
    let bytes = 0;
    while (
      window.unsentCount < options.batchCommands &&
      bytes < options.batchBytes &&
      window.count < options.inFlightCommands &&
      window.sizeBytes < options.inFlightBytes &&
      window.hasRoom()
    ) {
      const pending = this.queue.shift();
      if (pending === undefined) return;
      if (pending.deadlineMs <= nowMs) {
        const { code, message } = this.late();
        this.failQueued(pending, new TanistError(code, `${message}; it was not applied`));
        continue;
      }
      this.queuedBytes -= pending.sizeBytes;
      bytes += pending.sizeBytes;
      window.add(pending);
    }
  }

  private handleOpened(stream: number, result: CommandResult | undefined, nowMs: number): void {
    if (this.phase.state !== 'opening' || !this.phase.sent || result === undefined) return;
    if (result.kind === 'openSession') {
      this.answered(stream);
      this.phase = nextPhase(this.phase, { type: 'opened', id: result.id });
    } else if (result.kind === 'failed') {
      this.openFailed(stream, new TanistError(result.code, result.message), nowMs);
    }
  }

  private openFailed(stream: number, failure: TanistError, nowMs: number): void {
    this.phase = nextPhase(this.phase, { type: 'openRefused' });
    if (this.judge(stream, failure, nowMs) !== 'fail') return;
    for (let pending = this.queue.shift(); pending !== undefined; pending = this.queue.shift()) {
      this.failQueued(pending, failure);
    }
  }

  private handleResults(
    stream: number,
    session: SessionId,
    first: number,
    results: readonly CommandResult[],
  ): void {
    if (this.phase.state !== 'open' || this.phase.id !== session) return;
    this.answered(stream);
    this.caution?.relax();
    for (let i = 0; i < results.length; i++) {
      const result = results[i];
      const pending = this.window.get(first + i);
      if (result === undefined || pending === undefined) continue;
      if (result.kind !== 'failed') {
        this.settle(pending, result, null);
      } else if (result.code === 'session-expired') {
        this.expire();
        return;
      } else {
        const failure = new TanistError(result.code, result.message);
        // The state neither executed nor keeps what it has no room for, so of an earlier copy this says nothing.
        const error = pending.exposed && result.code === 'overloaded' ? unknownFate(failure) : failure;
        if (pending.toldEarly) this.lose(pending, error);
        else this.settle(pending, null, error);
      }
    }
    this.sentBatches.answered(first, results.length);
  }

  private handleEarly(session: SessionId, first: number, last: number): void {
    if (this.phase.state !== 'open' || this.phase.id !== session) return;
    this.sentBatches.early(first, last);
    for (let n = first; n <= last; n++) {
      const pending = this.window.get(n);
      if (pending === undefined || !pending.wantsEarly || pending.toldEarly) continue;
      pending.toldEarly = true;
      this.early.push(pending);
    }
  }

  private handleReads(stream: number, replies: readonly ReadReply[], nowMs: number): void {
    const refused: [TanistError, Verdict][] = [];
    this.caution?.relax();
    for (const reply of replies) {
      const { id, outcome } = reply;
      const verdict = outcome instanceof TanistError ? this.verdictOnRead(id, outcome) : 'fail';
      if (outcome instanceof TanistError && verdict !== 'fail') {
        this.reads.again(id);
        refused.push([outcome, verdict]);
      } else {
        this.reads.answered(reply);
      }
    }
    // Only now: leaving the stream makes all that was not answered on it due again.
    for (const [error, verdict] of refused) this.judge(stream, error, nowMs, verdict);
    // Any member answers reads, so they say nothing about who leads.
    const { route } = this.router;
    if (refused.length === 0 && route.state === 'attached' && route.trusted) this.answered(stream);
  }

  /** What one member does not hold another one may, until all that can be asked have said so. */
  private verdictOnRead(id: number, refused: TanistError): Verdict {
    const { route } = this.router;
    if (refused.code !== 'not-held' || route.state !== 'attached') return verdictOn(refused);
    const asked = this.reads.notHeldAt(id, route.address);
    return candidates(this.router).some((address) => !asked.includes(address)) ? 'elsewhere' : 'fail';
  }

  private handleRefused(
    stream: number,
    { session, firstNumber: first, refusedCount }: BatchReply,
    refused: TanistError,
    nowMs: number,
  ): void {
    if (session === noSession) {
      if (this.phase.state === 'opening' && this.phase.sent) this.openFailed(stream, refused, nowMs);
      return;
    }
    if (this.phase.state !== 'open' || this.phase.id !== session) return;
    if (refused.code === 'session-expired') {
      this.expire();
      return;
    }
    const behind = this.sentBatches.behind(first);
    if (behind === null) return;
    const end = refusedCount === 0 ? behind : Math.min(behind, first + refusedCount);
    this.sentBatches.answered(first, end - first);
    const verdict = verdictOn(refused);
    for (let n = first; n < end; n++) {
      const pending = this.window.get(n);
      if (pending?.state !== 'sent') continue;
      if (refused.indeterminate) pending.exposed = true;
      if (verdict !== 'fail') {
        this.window.unsend(pending);
        continue;
      }
      this.failSent(pending, refused);
    }
    this.judge(stream, refused, nowMs);
  }

  /**
   * The member could not read a message, so nothing in it was or will be applied by this copy, and it took none that came behind. Every one that it did
   * take stays as it is: only what nothing was heard of can be meant.
   */
  private handleUnreadable(stream: number, error: TanistError, nowMs: number): void {
    const { batchCommands, inFlightReads } = this.options;
    const isOpening = this.phase.state === 'opening' && this.phase.sent;
    const [batch] = this.sentBatches.unheard();
    const { underWay, onlyOne } = this.reads;
    const suspects = this.sentBatches.suspects + (isOpening ? 1 : 0);
    if (suspects + underWay === 0) return;
    if (suspects > 1 || (suspects > 0 && underWay > 0)) this.beCautious(batchCommands, inFlightReads);
    else if (isOpening) this.openFailed(stream, error, nowMs);
    else if (batch !== undefined) this.handleUnreadableBatch(batch.firstNumber, batch.behind, error);
    else if (underWay > 1) this.beCautious(batchCommands, Math.ceil(underWay / 2), true);
    else if (onlyOne !== null) {
      this.reads.fail(onlyOne, error);
      this.caution?.found();
    }
  }

  private handleUnreadableBatch(first: number, behind: number, error: TanistError): void {
    const count = behind - first;
    for (let n = first; n < behind; n++) {
      const pending = this.window.get(n);
      if (pending?.state !== 'sent') continue;
      if (count === 1) this.failSent(pending, error);
      else this.window.unsend(pending);
    }
    if (count > 1) this.beCautious(Math.ceil(count / 2), this.options.inFlightReads, true);
    else this.caution?.found();
  }

  private beCautious(commands: number, reads: number, narrows = false): void {
    this.caution = new Caution(
      Math.min(commands, this.caution?.commands ?? commands),
      Math.min(reads, this.caution?.reads ?? reads),
      narrows,
    );
    this.caution.through = this.window.nextNumber - 1;
    this.reads.suspect();
  }

  private failSent(pending: PendingCommand<Tag>, refused: TanistError): void {
    const error = pending.exposed ? unknownFate(refused) : refused;
    if (pending.toldEarly) this.lose(pending, error);
    else this.settle(pending, null, error);
  }

  /** What a refusal means for the stream and for what was refused. */
  private judge(stream: number, refused: TanistError, nowMs: number, verdict = verdictOn(refused)): Verdict {
    if (verdict === 'fail') return verdict;
    this.lastTrouble = refused.message;
    if (verdict === 'elsewhere') {
      this.route({ type: 'refused', stream, nowMs });
    } else if (this.pausedUntilMs <= nowMs) {
      const ceilingMs = Math.min(2 ** ++this.pauses, longestPauseMs);
      this.pausedUntilMs = nowMs + ceilingMs * (0.5 + this.random.next() / 2);
    }
    return verdict;
  }

  private answered(stream: number): void {
    this.lastTrouble = null;
    this.pauses = 0;
    this.route({ type: 'answered', stream });
  }

  /** The state has forgotten the session: whether what was in flight is in it can no longer be known. The queue goes to a new session. */
  private expire(): void {
    const message =
      'the session expired while the command was in flight; it may or may not have been applied';
    for (const pending of [...this.window.unanswered()]) {
      const error = new TanistError('session-expired', message);
      if (pending.toldEarly) this.lose(pending, error);
      else this.settle(pending, null, error);
    }
    this.window = new CommandWindow();
    if (this.caution !== null) this.caution.through = 0;
    this.sentBatches.forget();
    this.phase = nextPhase(this.phase, { type: 'expired' });
  }

  private failQueued(pending: PendingCommand<Tag>, error: TanistError): void {
    this.queuedBytes -= pending.sizeBytes;
    pending.state = 'settled';
    pending.error = error;
    this.settled.push(pending);
  }

  private settle(
    pending: PendingCommand<Tag>,
    result: CommandResult | null,
    error: TanistError | null,
  ): void {
    this.window.settle(pending);
    pending.result = result;
    pending.error = error;
    this.settled.push(pending);
  }

  private lose(pending: PendingCommand<Tag>, error: TanistError): void {
    this.settle(pending, null, error);
    this.lost.push(pending);
  }

  private sweepDeadlines(nowMs: number): void {
    const { code, message } = this.late();
    let earliest = Number.POSITIVE_INFINITY;
    for (const pending of [...this.window.unanswered(), ...this.queue.living()]) {
      if (pending.toldEarly) continue;
      if (pending.deadlineMs <= nowMs) this.abandon(pending, code, message);
      else if (pending.deadlineMs < earliest) earliest = pending.deadlineMs;
    }
    earliest = Math.min(earliest, this.reads.sweepDeadlines(nowMs, code, message));
    this.earliestDeadlineMs = earliest;
  }

  /** Why what is late now fails: where nobody of the followed lineage is left, that is why. */
  private late(): { readonly code: 'deadline-exceeded' | 'lineage-conflict'; readonly message: string } {
    const conflict = conflictAlone(this.router);
    if (conflict !== null) return { code: 'lineage-conflict', message: conflict.message };
    // What follows a semicolon is of that one attempt, or advice.
    const trouble = this.lastTrouble === null ? '' : ` (${this.lastTrouble.split(';', 1)[0]})`;
    return { code: 'deadline-exceeded', message: `no answer in time${trouble}` };
  }

  private renewalDueMs(): number {
    return this.lastSentMs + this.options.sessionTtlMs / 3;
  }

  private nonce(): string {
    let text = '';
    for (let i = 0; i < 4; i++) text += this.random.below(0x1_0000_0000).toString(16).padStart(8, '0');
    return text;
  }
}

function commandOf<Tag>(pending: PendingCommand<Tag>): Command {
  return pending.command;
}

function unknownFate(error: TanistError): TanistError {
  return new TanistError(error.code, `${error.message}; an earlier copy may have been applied`, {
    indeterminate: true,
  });
}
