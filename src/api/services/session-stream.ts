import type { ServerDuplexStream } from '@grpc/grpc-js';
import { asError, TanistError } from '../../foundation/errors.ts';
import { noSession } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import type { ReadOutcome } from '../../node/node.ts';
import type { ServedNode } from '../../node/served-node.ts';
import type { ProposalOutcome } from '../../node/writes/proposals.ts';
import type { CommandBatch, Consistency } from '../../ports/command.ts';
import type { CommandResult, FailedResult, OperationResult } from '../../ports/result.ts';
import { rangeResultBound, resultBound } from '../../protocol/parts/write-result.ts';
import { decodeCommandBatch } from '../../protocol/session/read-command.ts';
import {
  encodeBatchRefusal,
  encodeBatchReply,
  encodeEarlyReply,
  encodeReadReplies,
  encodeRoutingReply,
  type ReadReply,
} from '../../protocol/session/session-reply.ts';
import { decodeSessionRequest, type Read } from '../../protocol/session/session-request.ts';
import { encodeCommandBatch } from '../../protocol/session/write-command.ts';
import { ClientStream } from './client-stream.ts';

/** Larger answers go out in several messages. */
const replyBytes = 1024 * 1024;
/** One result or range: what still fits into a message that the client accepts. */
const resultBytes = limits.rangeBytes;
/** Reads are refused while more waits for the client than the first; a client that lets the second gather has stopped reading. */
const readsWaitingBytes = limits.messageBytes;
const mostWaitingBytes = 4 * limits.messageBytes;

/**
 * One client's stream of commands and reads. What the client wrote goes into the log as it is; a batch is answered in one message, and
 * so are the reads of one request, unless the answers are large or some take longer.
 */
export class SessionStream {
  readonly #node: ServedNode;
  readonly #stream: ClientStream;
  /** What the client still waits for at its end is not read for nobody: after a failover whole crowds leave reads behind. */
  readonly #isOver = (): boolean => !this.#stream.open;

  constructor(node: ServedNode, call: ServerDuplexStream<Buffer, Buffer>) {
    this.#node = node;
    const unsubscribe = node.onRouting((routing) => this.#stream.write(encodeRoutingReply(routing)));
    this.#stream = new ClientStream(call, {
      received: (bytes) => this.#received(bytes),
      closed: unsubscribe,
      mostWaitingBytes,
    });
    this.#stream.write(encodeRoutingReply(node.routing()));
  }

  #received(bytes: Buffer): void {
    const request = decodeSessionRequest(bytes);
    if (request.kind === 'reads') this.#reads(request.reads);
    else this.#batch(request.encoded);
  }

  #batch(encoded: Buffer): void {
    const batch = decodeCommandBatch(encoded);
    const refusal = refusalOf(encoded, batch);
    if (refusal !== null) {
      this.#refuse(batch, refusal);
      return;
    }
    const invalid = this.#node.validate(batch.commands);
    if (invalid === null) this.#submit(encoded, batch, false);
    else this.#submitValidRuns(batch, invalid);
  }

  /** `isPart`: the client sent it as part of a larger batch. */
  #submit(bytes: Buffer, batch: CommandBatch, isPart: boolean): void {
    const last = batch.firstNumber + batch.commands.length - 1;
    this.#node.submit({
      bytes,
      batch,
      settle: (outcome) => this.#stream.guarded(() => this.#answer(batch, outcome, isPart)),
      early: () => this.#stream.write(encodeEarlyReply(batch.session, batch.firstNumber, last)),
    });
  }

  /**
   * Invalid commands are refused without reaching the log (their numbers stay unused); the others go on in runs of their own, each
   * with its own answer: one may be applied where another is refused. Without a session, thus without numbers, it is all or nothing.
   */
  #submitValidRuns(batch: CommandBatch, invalid: ReadonlyMap<number, FailedResult>): void {
    for (let start = 0; start < batch.commands.length; ) {
      const failure = batch.session === noSession ? firstOf(invalid) : invalid.get(start);
      const first = start;
      if (batch.session === noSession) start = batch.commands.length;
      else if (failure !== undefined) start++;
      else while (start < batch.commands.length && !invalid.has(start)) start++;
      const run: CommandBatch = {
        session: batch.session,
        firstNumber: batch.firstNumber + first,
        acknowledgedThrough: batch.acknowledgedThrough,
        commands: batch.commands.slice(first, start),
      };
      if (failure === undefined) this.#submit(encodeCommandBatch(run), run, true);
      else this.#refuse(run, new TanistError(failure.code, failure.message), run.commands.length);
    }
  }

  /** `count`: of a part of what was sent as one batch. */
  #refuse({ session, firstNumber }: CommandBatch, error: TanistError, count = 0): void {
    this.#stream.write(encodeBatchRefusal(session, firstNumber, error, count));
  }

  #answer(batch: CommandBatch, outcome: ProposalOutcome, isPart: boolean): void {
    if (outcome.kind === 'refused') {
      const { code, message, indeterminate } = outcome;
      const error = new TanistError(code, message, { indeterminate });
      this.#refuse(batch, error, isPart ? batch.commands.length : 0);
    } else if (hasDeferred(outcome.results)) {
      this.#node.complete(outcome.results).then(
        (results) => this.#stream.guarded(() => this.#writeResults(batch, results)),
        (error: unknown) => this.#refuse(batch, unread(error), isPart ? batch.commands.length : 0),
      );
    } else {
      this.#writeResults(batch, outcome.results);
    }
  }

  #writeResults({ session, firstNumber }: CommandBatch, results: readonly CommandResult[]): void {
    let bytes = 0;
    for (const result of results) bytes += resultBound(result);
    if (bytes <= replyBytes) {
      this.#stream.write(encodeBatchReply(session, firstNumber, results));
      return;
    }
    let start = 0;
    while (start < results.length) {
      const piece: CommandResult[] = [];
      for (let pieceBytes = 0; start + piece.length < results.length; ) {
        const result = sendable(results[start + piece.length] as CommandResult);
        pieceBytes += resultBound(result);
        if (piece.length > 0 && pieceBytes > replyBytes) break;
        piece.push(result);
      }
      this.#stream.write(encodeBatchReply(session, firstNumber + start, piece));
      start += piece.length;
    }
  }

  #reads(reads: readonly Read[]): void {
    let replies: ReadReply[] = [];
    let bytes = 0;
    let open = reads.length;
    const write = (): void => {
      if (replies.length === 0) return;
      const gathered = replies;
      replies = [];
      bytes = 0;
      this.#stream.write(encodeReadReplies(gathered));
    };
    const answered = (id: number, answer: ReadOutcome, ageMs: number): void => {
      const outcome = this.#bounded(answer, bytes);
      if (!(outcome instanceof TanistError)) bytes += rangeResultBound(outcome);
      replies.push({ id, outcome, ageMs });
      if (--open === 0 || bytes >= replyBytes) write();
      // A large range takes many turns: what is answered does not wait for it.
      else if (replies.length === 1) setImmediate(() => this.#stream.guarded(write));
    };
    for (const read of reads) {
      const { id, range } = read;
      this.#node.read(
        range,
        consistencyOf(read),
        (answer, ageMs) => this.#stream.guarded(() => answered(id, answer, ageMs)),
        this.#isOver,
      );
    }
  }

  #bounded(outcome: ReadOutcome, gatheredBytes: number): ReadOutcome {
    if (outcome instanceof TanistError) return outcome;
    if (this.#stream.waitingBytes + gatheredBytes > readsWaitingBytes)
      return new TanistError(
        'overloaded',
        'more is waiting for this client than it takes; read less at once',
      );
    const bytes = rangeResultBound(outcome);
    if (bytes <= resultBytes) return outcome;
    return new TanistError(
      'range-too-large',
      `the range holds ${bytes} bytes; ${resultBytes} fit into an answer: read it in pieces, with a limit`,
    );
  }
}

function consistencyOf({ serializable, minConfidence }: Read): Consistency {
  if (minConfidence !== undefined) return { minConfidence };
  return serializable ? 'serializable' : 'linearizable';
}

/** The batch was applied; what it read is not to be had. It alone fails, not what else is on the stream. */
function unread(error: unknown): TanistError {
  const message = `the batch was applied, but its answer could not be completed: ${asError(error).message}`;
  return new TanistError('indeterminate', message, { indeterminate: true });
}

function refusalOf(encoded: Buffer, { commands }: CommandBatch): TanistError | null {
  if (encoded.length > limits.entryBytes)
    return new TanistError(
      'transaction-too-large',
      `the batch has ${encoded.length} bytes; ${limits.entryBytes} are allowed: send it in pieces`,
    );
  if (commands.length > 0 && commands.length <= limits.blockCommands) return null;
  return new TanistError(
    'invalid-argument',
    `the batch has ${commands.length} commands; 1 to ${limits.blockCommands} are allowed`,
  );
}

function firstOf(invalid: ReadonlyMap<number, FailedResult>): FailedResult | undefined {
  for (const failure of invalid.values()) return failure;
  return undefined;
}

/** It has been applied, so a result that no message holds must not look as if the command had failed. */
function sendable(result: CommandResult): CommandResult {
  if (resultBound(result) <= resultBytes) return result;
  const message = 'the command was applied, but its result is too large to be sent; read less at once';
  return { kind: 'failed', code: 'indeterminate', message };
}

function hasDeferred(results: readonly CommandResult[]): boolean {
  for (const result of results) if (result.kind === 'txn' && isDeferred(result)) return true;
  return false;
}

function isDeferred(result: OperationResult): boolean {
  return result.kind === 'deferredRange' || (result.kind === 'txn' && result.responses.some(isDeferred));
}
