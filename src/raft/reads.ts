import type { LogIndex, NodeId } from '../foundation/ids.ts';
import { mutant } from '../foundation/mutants.ts';

/** A read on the leader. `from` null: its own driver's; otherwise a follower's request to be answered by message. */
export interface PendingRead {
  readonly id: number;
  readonly from: NodeId | null;
}

interface Round {
  readonly round: number;
  readonly index: LogIndex;
  readonly reads: PendingRead[];
}

/**
 * ReadIndex on the leader (thesis §6.4). A read waits until the next round goes out, never joins one that is under way: the answers to
 * that one may be older than the read.
 */
export class ReadRounds {
  #waiting: PendingRead[] = [];
  #rounds: Round[] = [];
  #newest = 0;

  /** The newest round sent; heartbeats carry it. */
  get newest(): number {
    return this.#newest;
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  get isUnderWay(): boolean {
    return this.#rounds.length > 0;
  }

  add(read: PendingRead): void {
    const last = this.#rounds[this.#rounds.length - 1];
    if (mutant.active === 'read-joins-earlier-round' && last !== undefined) last.reads.push(read);
    else this.#waiting.push(read);
  }

  /** The waiting reads make a round; they may be served from `commit` on, once it is confirmed. */
  begin(commit: LogIndex): void {
    this.#newest++;
    this.#rounds.push({ round: this.#newest, index: commit, reads: this.#waiting });
    this.#waiting = [];
  }

  /** A quorum has answered `round`, so all up to it. */
  confirm(round: number, serve: (read: PendingRead, index: LogIndex) => void): void {
    let done = 0;
    for (const { round: number, index, reads } of this.#rounds) {
      if (number > round) break;
      for (const read of reads) serve(read, index);
      done++;
    }
    if (done > 0) this.#rounds.splice(0, done);
  }

  /** Leadership ended: takes everything that is open. Rounds start anew, as their numbers hold within a term only. */
  close(): readonly PendingRead[] {
    const open = [...this.#rounds.flatMap((round) => round.reads), ...this.#waiting];
    this.#rounds = [];
    this.#waiting = [];
    this.#newest = 0;
    return open;
  }
}

/** Reads that a follower asks its leader for, one numbered request for all that came between two Readies. */
export class ForwardedReads {
  #waiting: number[] = [];
  readonly #asked = new Map<number, { readonly ids: readonly number[]; ticks: number }>();
  #request: number;

  constructor(first: number) {
    this.#request = first;
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  add(id: number): void {
    this.#waiting.push(id);
  }

  /** The number of the request to send for all that wait. */
  ask(): number {
    this.#request++;
    this.#asked.set(this.#request, { ids: this.#waiting, ticks: 0 });
    this.#waiting = [];
    return this.#request;
  }

  answered(request: number): readonly number[] {
    const ids = this.#asked.get(request)?.ids ?? [];
    this.#asked.delete(request);
    return ids;
  }

  /** A tick passed; takes the reads whose request has had no answer for `patience` ticks. */
  tick(patience: number): readonly number[] {
    if (this.#asked.size === 0) return [];
    const late: number[] = [];
    for (const [request, asked] of this.#asked) {
      asked.ticks++;
      if (asked.ticks < patience) continue;
      late.push(...asked.ids);
      this.#asked.delete(request);
    }
    return late;
  }

  /** The leader is gone: takes all. */
  close(): readonly number[] {
    const open = [...this.#asked.values()].flatMap((asked) => asked.ids).concat(this.#waiting);
    this.#asked.clear();
    this.#waiting = [];
    return open;
  }
}
