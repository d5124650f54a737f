import type { ErrorCode } from '../../foundation/errors.ts';
import type { ClusterTimeMs, LogIndex, Term } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import type { Block, CommandBatch } from '../../ports/command.ts';
import type { LogEntry } from '../../ports/log-store.ts';
import type { CommandResult } from '../../ports/result.ts';
import { encodeBlock } from '../../protocol/session/block.ts';
import type { Raft } from '../../raft/raft.ts';

/** While the newest block has been under way for longer, ms, the quorum is taken to be far away, or slow. */
const farAwayMs = 10;

/** A caller's batch on its way through the log. `bytes` is the encoding of `batch` and goes into the log as it is. */
export interface Proposal {
  readonly bytes: Uint8Array;
  readonly batch: CommandBatch;
  readonly settle: (outcome: ProposalOutcome) => void;
  /** Called at most once, when the batch is in the leader's memory and every command's policy is `acknowledge: leader`. */
  readonly early: (() => void) | null;
}

export type ProposalOutcome =
  | { readonly kind: 'applied'; readonly results: readonly CommandResult[] }
  /** `indeterminate`: it may still be applied, by this or by another leader. */
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly message: string;
      readonly indeterminate: boolean;
    };

interface BlockInFlight {
  readonly term: Term;
  readonly block: Block;
  readonly proposals: readonly Proposal[];
  readonly bytes: number;
}

export interface ProposalQueueOptions {
  readonly raft: Raft;
  readonly stamp: () => ClusterTimeMs;
  /** False: the time is not known yet, so no block can be stamped; proposals gather. */
  readonly mayStamp: () => boolean;
  readonly mayAcknowledgeEarly: (batch: CommandBatch) => boolean;
  /** Blocks on their way before further proposals gather: group commit on the level of the log. */
  readonly blocksInFlight: number;
  /** Monotonic, ms. */
  readonly nowMs: () => number;
  /** Of all that waits or is under way; beyond it proposals are refused as `overloaded`. */
  readonly uncommittedBytes: number;
}

/**
 * Gathers what an event-loop turn proposes into one block. While `blocksInFlight` blocks are under way the next one gathers, so
 * under load blocks grow and the cost per command falls; with nothing under way a proposal leaves at once. Whoever asked not to wait for the quorum
 * (promise 4) does not wait for it here either: for their sake a block leaves every `farAwayMs`, as long as
 * not eight times as many are under way.
 */
export class ProposalQueue {
  readonly #options: ProposalQueueOptions;
  #commandsFailed = 0;
  readonly #inFlight = new Map<LogIndex, BlockInFlight>();
  #gathered: Proposal[] = [];
  /** So many of the gathered, from the first on, were found to wait for the quorum anyway. */
  #patient = 0;
  #gatheredBytes = 0;
  #gatheredCommands = 0;
  #newestAtMs = Number.NEGATIVE_INFINITY;
  #commandsInFlight = 0;
  #bytesInFlight = 0;

  constructor(options: ProposalQueueOptions) {
    this.#options = options;
  }

  /** Commands refused or given up since the start. */
  get commandsFailed(): number {
    return this.#commandsFailed;
  }

  get commandsWaiting(): number {
    return this.#gatheredCommands + this.#commandsInFlight;
  }

  get idle(): boolean {
    return this.#gathered.length === 0 && this.#inFlight.size === 0;
  }

  add(proposal: Proposal): void {
    const bytes = this.#gatheredBytes + this.#bytesInFlight;
    const tooMany = this.commandsWaiting + proposal.batch.commands.length > limits.uncommittedCommands;
    if (tooMany || (bytes > 0 && bytes + proposal.bytes.length > this.#options.uncommittedBytes)) {
      this.#commandsFailed += proposal.batch.commands.length;
      proposal.settle(refused('overloaded', 'too many writes are waiting for the quorum; try again'));
      return;
    }
    this.#gathered.push(proposal);
    this.#gatheredBytes += proposal.bytes.length;
    this.#gatheredCommands += proposal.batch.commands.length;
  }

  /** Proposes what gathered, as far as the pipeline has room. Returns whether anything was proposed. */
  flush(): boolean {
    if (this.#gathered.length === 0 || !this.#options.mayStamp()) return false;
    let proposed = false;
    while (this.#gathered.length > 0) {
      const full = this.#gatheredBytes >= limits.blockBytes;
      if (this.#inFlight.size >= this.#options.blocksInFlight && !full && !this.#isHeldUp()) break;
      if (this.#inFlight.size >= this.#options.blocksInFlight * 8) break;
      if (!this.#proposeOne()) break;
      proposed = true;
    }
    return proposed;
  }

  /** Somebody waits who asked not to wait for the quorum, and it takes its time. */
  #isHeldUp(): boolean {
    if (this.#options.nowMs() - this.#newestAtMs < farAwayMs) return false;
    while (this.#patient < this.#gathered.length) {
      const proposal = this.#gathered[this.#patient];
      if (proposal !== undefined && this.#mayBeEarly(proposal)) return true;
      this.#patient++;
    }
    return false;
  }

  #mayBeEarly({ early, batch }: Proposal): boolean {
    return early !== null && this.#options.mayAcknowledgeEarly(batch);
  }

  #proposeOne(): boolean {
    const taken = this.#take();
    const timeMs = this.#options.stamp();
    const payload = encodeBlock(
      timeMs,
      taken.map((proposal) => proposal.bytes),
    );
    const proposed = this.#options.raft.propose('commands', payload);
    if (!proposed.accepted) {
      const outcome = refusalOf(proposed.reason);
      this.#commandsFailed += countCommands(taken);
      for (const proposal of taken) proposal.settle(outcome);
      return this.#gathered.length > 0 && proposed.reason !== 'overloaded';
    }
    const block: Block = { timeMs, batches: taken.map((proposal) => proposal.batch) };
    const bytes = payload.length;
    this.#inFlight.set(proposed.index, { term: proposed.term, block, proposals: taken, bytes });
    this.#newestAtMs = this.#options.nowMs();
    this.#commandsInFlight += countCommands(taken);
    this.#bytesInFlight += bytes;
    for (const proposal of taken) if (this.#mayBeEarly(proposal)) proposal.early?.();
    return true;
  }

  #take(): readonly Proposal[] {
    let count = 0;
    let bytes = 0;
    let commands = 0;
    for (const proposal of this.#gathered) {
      const fits =
        bytes + proposal.bytes.length <= limits.blockBytes &&
        commands + proposal.batch.commands.length <= limits.blockCommands;
      if (count > 0 && !fits) break;
      count += 1;
      bytes += proposal.bytes.length;
      commands += proposal.batch.commands.length;
    }
    const taken = this.#gathered.slice(0, count);
    this.#gathered = count === this.#gathered.length ? [] : this.#gathered.slice(count);
    this.#patient = Math.max(0, this.#patient - count);
    this.#gatheredBytes -= bytes;
    this.#gatheredCommands -= commands;
    return taken;
  }

  /** The decoded block of an entry that this node proposed itself: saves the leader a second decoding. */
  blockOf(entry: LogEntry): Block | null {
    const inFlight = this.#inFlight.get(entry.index);
    return inFlight !== undefined && inFlight.term === entry.term ? inFlight.block : null;
  }

  /** The entry at this position was applied. Whatever this node proposed there under another term can never be. */
  applied(entry: LogEntry, results: readonly (readonly CommandResult[])[]): void {
    const inFlight = this.#inFlight.get(entry.index);
    if (inFlight === undefined) return;
    this.#inFlight.delete(entry.index);
    this.#commandsInFlight -= countCommands(inFlight.proposals);
    this.#bytesInFlight -= inFlight.bytes;
    if (inFlight.term !== entry.term) {
      this.#commandsFailed += countCommands(inFlight.proposals);
      const outcome = refused(
        'not-leader',
        'another leader took over before the write was replicated; try again',
      );
      for (const proposal of inFlight.proposals) proposal.settle(outcome);
      return;
    }
    for (let i = 0; i < inFlight.proposals.length; i++) {
      const result = results[i];
      if (result !== undefined) inFlight.proposals[i]?.settle({ kind: 'applied', results: result });
    }
  }

  /** Leadership is gone: what is in the log may yet be committed by the next leader, what only gathered never was anywhere. */
  abandon(code: ErrorCode, message: string): void {
    this.#commandsFailed += this.commandsWaiting;
    const gathered = this.#gathered;
    const inFlight = [...this.#inFlight.values()];
    this.#gathered = [];
    this.#patient = 0;
    this.#gatheredBytes = 0;
    this.#gatheredCommands = 0;
    this.#commandsInFlight = 0;
    this.#bytesInFlight = 0;
    this.#inFlight.clear();
    const unknown: ProposalOutcome = { kind: 'refused', code, message, indeterminate: true };
    for (const block of inFlight) for (const proposal of block.proposals) proposal.settle(unknown);
    for (const proposal of gathered) proposal.settle(refused(code, message));
  }
}

export function refused(code: ErrorCode, message: string): ProposalOutcome {
  return { kind: 'refused', code, message, indeterminate: false };
}

function refusalOf(reason: 'not-leader' | 'overloaded' | 'handing-over' | 'change-pending'): ProposalOutcome {
  switch (reason) {
    case 'not-leader':
      return refused('not-leader', 'this node does not lead; ask the leader');
    case 'handing-over':
      return refused('not-leader', 'leadership is being handed over; ask the next leader');
    case 'overloaded':
      return refused('overloaded', 'too many writes are waiting for the quorum; try again');
    case 'change-pending':
      return refused(
        'configuration-change-pending',
        'a membership change is under way; try again when it is done',
      );
  }
}

function countCommands(proposals: readonly Proposal[]): number {
  let count = 0;
  for (const proposal of proposals) count += proposal.batch.commands.length;
  return count;
}
