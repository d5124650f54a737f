import type { Client, ClientDuplexStream } from '@grpc/grpc-js';
import { noSession } from '../../../foundation/ids.ts';
import type { ProposalOutcome } from '../../../node/writes/proposals.ts';
import type { CommandBatch } from '../../../ports/command.ts';
import type { CommandResult } from '../../../ports/result.ts';
import { tanistService } from '../../../protocol/services.ts';
import { type BatchReply, decodeSessionReply } from '../../../protocol/session/session-reply.ts';
import { encodeBatchRequest } from '../../../protocol/session/session-request.ts';
import type { Flight } from './flight.ts';

interface Sent {
  readonly flight: Flight;
  readonly results: CommandResult[];
}

export interface LeaderStreamHandler {
  answered(flight: Flight, outcome: ProposalOutcome): void;
  /** The stream is gone. `unsent` never left this node; of `sent` nobody can say what became. */
  lost(stream: LeaderStream, unsent: readonly Flight[], sent: readonly Flight[]): void;
}

/**
 * A session stream to the leader, for batches without a session. Nothing is sent before the leader has said its first word, so that what
 * waits for a connection that never comes about can safely go elsewhere.
 */
export class LeaderStream {
  readonly address: string;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #handler: LeaderStreamHandler;
  /** By the number of the first command that is not answered. */
  readonly #sent = new Map<number, Sent>();
  #unsent: Flight[] = [];
  #nextNumber = 1;
  #greeted = false;
  #open = true;

  constructor(address: string, client: Client, handler: LeaderStreamHandler) {
    this.address = address;
    this.#handler = handler;
    const { path, requestSerialize, responseDeserialize } = tanistService.session;
    this.#call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.#call.on('data', (bytes: Buffer) => this.#received(bytes));
    this.#call.on('error', () => this.#lost());
    this.#call.on('end', () => this.#lost());
  }

  get idle(): boolean {
    return this.#sent.size === 0 && this.#unsent.length === 0;
  }

  send(flight: Flight): void {
    if (this.#greeted) this.#send(flight);
    else this.#unsent.push(flight);
  }

  /** Gives up on everything under way. */
  close(): void {
    this.#call.cancel();
    this.#lost();
  }

  #send(flight: Flight): void {
    if (!flight.open) return;
    const batch: CommandBatch = {
      session: noSession,
      firstNumber: this.#nextNumber,
      acknowledgedThrough: 0,
      commands: flight.commands,
    };
    this.#sent.set(this.#nextNumber, { flight, results: [] });
    this.#nextNumber += flight.commands.length;
    this.#call.write(encodeBatchRequest(batch));
  }

  #received(bytes: Buffer): void {
    if (!this.#open) return;
    if (!this.#greeted) {
      this.#greeted = true;
      const unsent = this.#unsent;
      this.#unsent = [];
      for (const flight of unsent) this.#send(flight);
    }
    try {
      const reply = decodeSessionReply(bytes);
      if (reply.kind === 'batch') this.#answer(reply);
    } catch {
      this.close();
    }
  }

  #answer({ firstNumber, results, refused }: BatchReply): void {
    const sent = this.#sent.get(firstNumber);
    if (sent === undefined) return;
    this.#sent.delete(firstNumber);
    const { flight } = sent;
    if (refused !== null) {
      const { code, message, indeterminate } = refused;
      this.#handler.answered(flight, { kind: 'refused', code, message, indeterminate });
      return;
    }
    const all = sent.results.length === 0 ? results : [...sent.results, ...results];
    if (!flight.open || all.length >= flight.commands.length)
      this.#handler.answered(flight, { kind: 'applied', results: all });
    else this.#sent.set(firstNumber + results.length, { flight, results: [...all] });
  }

  #lost(): void {
    if (!this.#open) return;
    this.#open = false;
    const unsent = this.#unsent;
    const sent = [...this.#sent.values()].map(({ flight }) => flight);
    this.#unsent = [];
    this.#sent.clear();
    this.#handler.lost(this, unsent, sent);
  }
}
