import type { ErrorCode } from '../foundation/errors.ts';
import { limits } from '../foundation/limits.ts';
import { type Proposal, refused } from './proposals.ts';

interface Parked {
  readonly proposal: Proposal;
  readonly untilMs: number;
}

/**
 * Proposals that reached a replica which is about to lead, or may be: clients turn to the first heir at the moment in which their leader
 * dies, often before the heir has noticed. They wait here for the outcome instead of being sent away to ask again, so that a new
 * leader's first block carries them. None of them is in the log: each is taken out once, to be proposed or to be refused.
 */
export class ParkedProposals {
  readonly #bytesAllowed: number;
  #parked: Parked[] = [];
  #bytes = 0;
  #commands = 0;

  constructor(bytesAllowed: number) {
    this.#bytesAllowed = bytesAllowed;
  }

  get count(): number {
    return this.#parked.length;
  }

  /** Settled as `overloaded` where there is no room. */
  add(proposal: Proposal, untilMs: number): void {
    const bytes = this.#bytes + proposal.bytes.length;
    const commands = this.#commands + proposal.batch.commands.length;
    if (bytes > this.#bytesAllowed || commands > limits.uncommittedCommands) {
      proposal.settle(refused('overloaded', 'too many writes are waiting for the next leader; try again'));
      return;
    }
    this.#bytes = bytes;
    this.#commands = commands;
    this.#parked.push({ proposal, untilMs });
  }

  /** All of them, in the order in which they came. */
  take(): readonly Proposal[] {
    const taken = this.#parked;
    this.#parked = [];
    this.#bytes = 0;
    this.#commands = 0;
    return taken.map(({ proposal }) => proposal);
  }

  refuse(code: ErrorCode, message: string): void {
    for (const proposal of this.take()) proposal.settle(refused(code, message));
  }

  /** Refuses those whose time is over. */
  refuseOverdue(nowMs: number, code: ErrorCode, message: string): void {
    if (!this.#parked.some(({ untilMs }) => untilMs <= nowMs)) return;
    const parked = this.#parked;
    this.take();
    for (const { proposal, untilMs } of parked) {
      if (untilMs <= nowMs) proposal.settle(refused(code, message));
      else this.add(proposal, untilMs);
    }
  }
}
