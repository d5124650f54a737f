import type { ErrorCode } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
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

  /** Refuses those whose time is over; `leader`: who counts as the leader all the same. */
  refuseOverdue(nowMs: number, leader: NodeId | null): void {
    if (!this.#parked.some(({ untilMs }) => untilMs <= nowMs)) return;
    const parked = this.#parked;
    this.take();
    for (const { proposal, untilMs } of parked) {
      if (untilMs <= nowMs) proposal.settle(refused('no-leader', overdueText(leader)));
      else this.add(proposal, untilMs);
    }
  }
}

/** Nothing of it is in any log: it may be asked again without a doubt. */
function overdueText(leader: NodeId | null): string {
  return leader === null
    ? 'no leader was elected while the write waited here; nothing of it was proposed: try again'
    : `the write waited here for this node to take over, but ${leader} still counts as the leader; nothing of it was proposed: ask ${leader}, or try again`;
}
