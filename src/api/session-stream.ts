import type { ServerDuplexStream } from '@grpc/grpc-js';
import { TanistError } from '../foundation/errors.ts';
import { limits } from '../foundation/limits.ts';
import type { TanistNode } from '../node/node.ts';
import type { ProposalOutcome } from '../node/proposals.ts';
import type { CommandBatch } from '../ports/command.ts';
import type { CommandResult, FailedResult, OperationResult } from '../ports/result.ts';
import { decodeCommandBatch } from '../protocol/read-command.ts';
import {
  encodeBatchRefusal,
  encodeBatchReply,
  encodeEarlyReply,
  encodeReadReplies,
  encodeRoutingReply,
  type ReadReply,
} from '../protocol/session-reply.ts';
import { decodeSessionRequest, type Read } from '../protocol/session-request.ts';
import { encodeCommandBatch } from '../protocol/write-command.ts';
import { endWith, toTanistError } from './grpc-status.ts';

/**
 * One client's stream of commands and reads. What the client wrote goes into the log as it is; each batch is answered in one message,
 * and so are all reads of one request.
 */
export class SessionStream {
  readonly #node: TanistNode;
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #unsubscribe: () => void;
  #open = true;

  constructor(node: TanistNode, call: ServerDuplexStream<Buffer, Buffer>) {
    this.#node = node;
    this.#call = call;
    this.#unsubscribe = node.onRouting((routing) => this.#write(encodeRoutingReply(routing)));
    this.#write(encodeRoutingReply(node.routing()));
    call.on('data', (bytes: Buffer) => this.#received(bytes));
    call.on('end', () => {
      this.#close();
      call.end();
    });
    call.on('cancelled', () => this.#close());
    call.on('error', () => this.#close());
  }

  #received(bytes: Buffer): void {
    try {
      const request = decodeSessionRequest(bytes);
      if (request.kind === 'reads') this.#reads(request.reads);
      else this.#batch(request.encoded);
    } catch (error) {
      this.#fail(toTanistError(error));
    }
  }

  #batch(encoded: Buffer): void {
    const batch = decodeCommandBatch(encoded);
    const invalid = this.#node.validate(batch.commands);
    if (invalid === null) this.#submit(encoded, batch, (outcome) => this.#answer(batch, outcome));
    else this.#submitValidRuns(batch, invalid);
  }

  #submit(bytes: Buffer, batch: CommandBatch, settle: (outcome: ProposalOutcome) => void): void {
    const last = batch.firstNumber + batch.commands.length - 1;
    const early = (): void => this.#write(encodeEarlyReply(batch.session, batch.firstNumber, last));
    this.#node.submit({ bytes, batch, settle, early });
  }

  /** Invalid commands are answered without reaching the log (their numbers stay unused); the others go on in runs of their own. */
  #submitValidRuns(batch: CommandBatch, invalid: ReadonlyMap<number, FailedResult>): void {
    const results: CommandResult[] = new Array(batch.commands.length);
    let open = 1;
    let refusal: ProposalOutcome | null = null;
    const settled = (): void => {
      if (--open === 0) this.#answer(batch, refusal ?? { kind: 'applied', results });
    };
    for (let start = 0; start < batch.commands.length; ) {
      const failure = invalid.get(start);
      if (failure !== undefined) {
        results[start++] = failure;
        continue;
      }
      const first = start;
      while (start < batch.commands.length && !invalid.has(start)) start++;
      const run: CommandBatch = {
        session: batch.session,
        firstNumber: batch.firstNumber + first,
        acknowledgedThrough: batch.acknowledgedThrough,
        commands: batch.commands.slice(first, start),
      };
      open += 1;
      this.#submit(encodeCommandBatch(run), run, (outcome) => {
        if (outcome.kind === 'refused') refusal = outcome;
        else for (const [i, result] of outcome.results.entries()) results[first + i] = result;
        settled();
      });
    }
    settled();
  }

  #answer({ session, firstNumber }: CommandBatch, outcome: ProposalOutcome): void {
    if (outcome.kind === 'refused') {
      const { code, message, indeterminate } = outcome;
      this.#write(
        encodeBatchRefusal(session, firstNumber, new TanistError(code, message, { indeterminate })),
      );
    } else if (outcome.results.some(isDeferred)) {
      this.#node.complete(outcome.results).then(
        (results) => this.#write(encodeBatchReply(session, firstNumber, results)),
        (error: unknown) => this.#fail(toTanistError(error)),
      );
    } else {
      this.#write(encodeBatchReply(session, firstNumber, outcome.results));
    }
  }

  #reads(reads: readonly Read[]): void {
    const replies: ReadReply[] = [];
    let open = reads.length;
    for (const read of reads) {
      this.#node.read(read.range, read.serializable ? 'serializable' : 'linearizable', (outcome, ageMs) => {
        replies.push({ id: read.id, outcome, ageMs });
        if (--open === 0) this.#write(encodeReadReplies(replies));
      });
    }
  }

  #write(bytes: Buffer): void {
    if (!this.#open) return;
    if (this.#call.writableLength > limits.messageBytes) {
      this.#fail(new TanistError('overloaded', 'the client does not read its replies'));
    } else {
      this.#call.write(bytes);
    }
  }

  #fail(error: TanistError): void {
    if (!this.#open) return;
    this.#close();
    endWith(this.#call, error);
  }

  #close(): void {
    this.#open = false;
    this.#unsubscribe();
  }
}

function isDeferred(result: CommandResult | OperationResult): boolean {
  return result.kind === 'deferredRange' || (result.kind === 'txn' && result.responses.some(isDeferred));
}
