import { TanistError } from '../../foundation/errors.ts';
import type { ReadOutcome, TanistNode } from '../../node/node.ts';
import type { ProposalOutcome } from '../../node/writes/proposals.ts';
import type { CommandBatch } from '../../ports/command.ts';
import type { CommandResult, OperationResult } from '../../ports/result.ts';
import {
  decodeSessionReply,
  encodeBatchRefusal,
  encodeBatchReply,
  encodeEarlyReply,
  encodeReadReplies,
  encodeRoutingReply,
  type ReadReply,
  type SessionReply,
} from '../../protocol/session/session-reply.ts';
import type { Read } from '../../protocol/session/session-request.ts';
import { encodeCommandBatch } from '../../protocol/session/write-command.ts';

/** A node's end of a client's session stream, as the service has it, but for the network. Replies go through the real encoding. */
export class ServedSession {
  readonly #node: TanistNode;
  readonly #reply: (reply: SessionReply) => void;
  readonly #unsubscribe: () => void;
  #open = true;

  constructor(node: TanistNode, reply: (reply: SessionReply) => void) {
    this.#node = node;
    this.#reply = reply;
    this.#unsubscribe = node.onRouting((routing) => this.#write(encodeRoutingReply(routing)));
    this.#write(encodeRoutingReply(node.routing()));
  }

  batch(batch: CommandBatch): void {
    const { session, firstNumber } = batch;
    const last = firstNumber + batch.commands.length - 1;
    this.#node.submit({
      bytes: encodeCommandBatch(batch),
      batch,
      settle: (outcome) => this.#answer(batch, outcome),
      early: () => this.#write(encodeEarlyReply(session, firstNumber, last)),
    });
  }

  reads(reads: readonly Read[]): void {
    const replies: ReadReply[] = [];
    for (const read of reads) {
      const consistency = read.serializable ? 'serializable' : 'linearizable';
      const answered = (outcome: ReadOutcome, ageMs: number): void => {
        replies.push({ id: read.id, outcome, ageMs });
        if (replies.length === reads.length) this.#write(encodeReadReplies(replies));
      };
      this.#node.read(read.range, consistency, answered, () => !this.#open);
    }
  }

  close(): void {
    this.#open = false;
    this.#unsubscribe();
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
        // A snapshot replaced the history: no answer, and the caller's deadline decides.
        () => {},
      );
    } else {
      this.#write(encodeBatchReply(session, firstNumber, outcome.results));
    }
  }

  #write(bytes: Uint8Array): void {
    if (this.#open) this.#reply(decodeSessionReply(bytes));
  }
}

function isDeferred(result: CommandResult | OperationResult): boolean {
  return result.kind === 'deferredRange' || (result.kind === 'txn' && result.responses.some(isDeferred));
}
