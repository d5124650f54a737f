import { present } from '../../foundation/assert.ts';
import type { LogIndex, Term } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Raft } from '../../raft/raft.ts';
import type { ConfirmedRead } from '../../raft/ready.ts';

/** Why a read is not served: no leader confirmed it in time, or it was confirmed and this replica did not come so far in time. */
export type ReadRefusal = 'not-confirmed' | 'behind';

/** `serve` runs once the state is at least as new as the moment the read arrived; otherwise `refuse`, with the reason. */
export interface PendingRead {
  readonly serve: () => void;
  readonly refuse: (why: ReadRefusal) => void;
  /** Whoever asked waits no longer: it is neither confirmed nor served, and neither of the two above is called any more, unless it is refused with others. */
  readonly isGone?: (() => boolean) | undefined;
}

/** Reads that are confirmed together. */
interface Group {
  readonly reads: readonly PendingRead[];
  /** From then on it is no longer held for a leader, but refused. */
  readonly untilMs: number;
  /** Whose leader was asked last; null: nobody's. */
  readonly term: Term | null;
}

/** They wait for the state to come to `index`. */
interface ConfirmedGroup {
  readonly index: LogIndex;
  readonly reads: readonly PendingRead[];
  readonly untilMs: number;
}

export interface ReadQueueParts {
  readonly raft: Pick<Raft, 'readIndex' | 'status'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** `flush` is to be called in the next turn. */
  readonly wake: () => void;
  /** False while the state is not whole; `applied` or `flush` is called when it is. */
  readonly mayServe: () => boolean;
  /** How long a read waits for a leader that could confirm it. */
  readonly holdMs: number;
}

/** Served in one turn of the event loop; heartbeats and votes must not wait for more. */
const turnMs = 5;

/**
 * Linearizable reads (promise 2): all that arrive in one event-loop turn share one read id, so one quorum round; each is served
 * when the state has applied the confirmed index. Never a clock, never a lease (thesis §6.4, ReadIndex). Those whose leader is gone are
 * held for the next one, and asked for anew: clients of a dead leader come in crowds, and sent away they would come again at once. Those that are
 * confirmed wait `limits.readBehindMs` at most for a state that lags behind: another replica may answer them.
 */
export class ReadQueue {
  readonly #parts: ReadQueueParts;
  readonly #asked = new Map<number, Group>();
  /** In the order of their times. */
  readonly #confirmed: ConfirmedGroup[] = [];
  /** Nobody leads whom they could be asked for. */
  #held: Group[] = [];
  #arrived: PendingRead[] = [];
  /** To be served, from `#served` on. */
  #due: PendingRead[] = [];
  #served = 0;
  /** This turn has served enough. */
  #turnIsFull = false;
  #nextId = 1;
  #waiting = 0;

  constructor(parts: ReadQueueParts) {
    this.#parts = parts;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Of them, those that wait for their turn alone. */
  get due(): number {
    return this.#due.length - this.#served;
  }

  add(read: PendingRead): void {
    this.#arrived.push(read);
    this.#waiting += 1;
  }

  /** One that needs no confirmation: due in the next turn, so that however many there are, no turn serves them for long. */
  addConfirmed(read: PendingRead): void {
    this.#due.push(read);
    this.#waiting += 1;
    this.#parts.wake();
  }

  /** Goes on with what is due, and asks for one round for everything that arrived since the last call. */
  flush(): void {
    this.#turnIsFull = false;
    this.#serveDue();
    if (this.#arrived.length === 0) return;
    const { clock, holdMs } = this.#parts;
    this.#ask(this.#arrived, clock.nowMs() + holdMs);
    this.#arrived = [];
  }

  confirmed(read: ConfirmedRead): void {
    const group = this.#asked.get(read.id);
    if (group === undefined) return;
    this.#asked.delete(read.id);
    if (read.index === null) this.#unconfirmed(group);
    else this.#await(read.index, group.reads);
  }

  /** Another one leads, or none: whoever was asked before may be gone. */
  leaderChanged(): void {
    const { leader, term } = this.#parts.raft.status;
    const groups = this.#held;
    this.#held = [];
    for (const [id, group] of this.#asked) {
      if (leader !== null && group.term === term) continue;
      this.#asked.delete(id);
      groups.push(group);
    }
    for (const group of groups) this.#unconfirmed(group);
  }

  /** With every tick: nobody waits for ever, be it for a leader or for a state that does not catch up. */
  refuseOverdue(): void {
    const nowMs = this.#parts.clock.nowMs();
    while ((this.#confirmed[0]?.untilMs ?? Number.POSITIVE_INFINITY) <= nowMs)
      this.#refuse(this.#confirmed.shift()?.reads ?? [], 'behind');
    if (!this.#held.some(({ untilMs }) => untilMs <= nowMs)) return;
    const held = this.#held;
    this.#held = held.filter(({ untilMs }) => untilMs > nowMs);
    for (const { reads, untilMs } of held) if (untilMs <= nowMs) this.#refuse(reads, 'not-confirmed');
  }

  /** What is confirmed up to the applied index is due. */
  applied(index: LogIndex): void {
    let kept = 0;
    for (const group of this.#confirmed) {
      if (group.index > index) this.#confirmed[kept++] = group;
      else for (const read of group.reads) this.#due.push(read);
    }
    this.#confirmed.length = kept;
    this.#serveDue();
  }

  #serveDue(): void {
    const { clock, wake, mayServe } = this.#parts;
    if (this.#due.length === 0 || this.#turnIsFull || !mayServe()) return;
    const untilMs = clock.nowMs() + turnMs;
    do {
      const read = present(this.#due[this.#served++], 'a read that is due');
      this.#waiting -= 1;
      if (read.isGone?.() !== true) read.serve();
    } while (this.#served < this.#due.length && clock.nowMs() < untilMs);
    if (this.#served === this.#due.length) {
      this.#due = [];
      this.#served = 0;
    } else {
      this.#turnIsFull = true;
      wake();
    }
  }

  /** Refuses all that has not been served. */
  close(): void {
    const groups = [...this.#asked.values(), ...this.#held];
    this.#asked.clear();
    this.#held = [];
    for (const { reads } of groups) this.#refuse(reads, 'not-confirmed');
    const due = this.#due.slice(this.#served);
    const confirmed = this.#confirmed.splice(0);
    const arrived = this.#arrived;
    this.#due = [];
    this.#served = 0;
    this.#arrived = [];
    this.#refuse(due, 'behind');
    for (const { reads } of confirmed) this.#refuse(reads, 'behind');
    this.#refuse(arrived, 'not-confirmed');
  }

  #ask(asked: readonly PendingRead[], untilMs: number): void {
    const { raft } = this.#parts;
    const reads = this.#living(asked);
    if (reads.length === 0) return;
    const id = this.#nextId++;
    const { leader, term } = raft.status;
    this.#asked.set(id, { reads, untilMs, term: leader === null ? null : term });
    raft.readIndex(id);
  }

  /**
   * Asked again of whoever leads since, held until somebody does: one that was asked will not do better a second time, for it answers so when it leaves
   * office. Who is there at the end of the time is still asked.
   */
  #unconfirmed({ reads: waited, untilMs, term: asked }: Group): void {
    const { raft, clock, holdMs, wake } = this.#parts;
    const reads = this.#living(waited);
    if (reads.length === 0) return;
    const { leader, term } = raft.status;
    const nowMs = clock.nowMs();
    if (leader !== null && term !== asked && nowMs < untilMs + holdMs) {
      if (mutant.active === 'held-read-served-unasked') this.#await(raft.status.commit, reads);
      else this.#ask(reads, untilMs);
      wake();
    } else if (nowMs < untilMs) {
      this.#held.push({ reads, untilMs, term: leader === null ? null : asked });
    } else {
      this.#refuse(reads, 'not-confirmed');
    }
  }

  #await(index: LogIndex, reads: readonly PendingRead[]): void {
    this.#confirmed.push({ index, reads, untilMs: this.#parts.clock.nowMs() + limits.readBehindMs });
  }

  /** Without those that nobody waits for any more, which are forgotten. */
  #living(reads: readonly PendingRead[]): readonly PendingRead[] {
    const living = reads.filter((read) => read.isGone?.() !== true);
    this.#waiting -= reads.length - living.length;
    return living;
  }

  #refuse(reads: readonly PendingRead[], why: ReadRefusal): void {
    this.#waiting -= reads.length;
    for (const read of reads) read.refuse(why);
  }
}
