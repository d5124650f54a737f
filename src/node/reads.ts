import { present } from '../foundation/assert.ts';
import type { LogIndex } from '../foundation/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Raft } from '../raft/raft.ts';
import type { ConfirmedRead } from '../raft/ready.ts';

/** `serve` runs once the state is at least as new as the moment the read arrived; `refuse` when that can't be known now. */
export interface PendingRead {
  readonly serve: () => void;
  readonly refuse: () => void;
}

/** Served in one turn of the event loop; heartbeats and votes must not wait for more. */
const turnMs = 5;

/**
 * Linearizable reads (promise 2): all that arrive in one event-loop turn share one read id, so one quorum round; each is served
 * when the state has applied the confirmed index. Never a clock, never a lease (thesis §6.4, ReadIndex).
 */
export class ReadQueue {
  readonly #raft: Raft;
  readonly #clock: Clock;
  readonly #wake: () => void;
  readonly #mayServe: () => boolean;
  readonly #asked = new Map<number, readonly PendingRead[]>();
  readonly #confirmed: { readonly index: LogIndex; readonly reads: readonly PendingRead[] }[] = [];
  #arrived: PendingRead[] = [];
  /** To be served, from `#served` on. */
  #due: PendingRead[] = [];
  #served = 0;
  /** This turn has served enough. */
  #turnIsFull = false;
  #nextId = 1;
  #waiting = 0;

  /** `wake`: `flush` is to be called in the next turn. `mayServe`: false while the state is not whole; `applied` or `flush` is called when it is. */
  constructor(raft: Raft, clock: Clock, wake: () => void, mayServe: () => boolean = () => true) {
    this.#mayServe = mayServe;
    this.#raft = raft;
    this.#clock = clock;
    this.#wake = wake;
  }

  get waiting(): number {
    return this.#waiting;
  }

  add(read: PendingRead): void {
    this.#arrived.push(read);
    this.#waiting += 1;
  }

  /** One that needs no confirmation: due in the next turn, so that however many there are, no turn serves them for long. */
  addConfirmed(read: PendingRead): void {
    this.#due.push(read);
    this.#waiting += 1;
    this.#wake();
  }

  /** Goes on with what is due, and asks for one round for everything that arrived since the last call. */
  flush(): void {
    this.#turnIsFull = false;
    this.#serveDue();
    if (this.#arrived.length === 0) return;
    const id = this.#nextId++;
    this.#asked.set(id, this.#arrived);
    this.#arrived = [];
    this.#raft.readIndex(id);
  }

  confirmed(read: ConfirmedRead): void {
    const reads = this.#asked.get(read.id);
    if (reads === undefined) return;
    this.#asked.delete(read.id);
    if (read.index === null) this.#refuse(reads);
    else this.#confirmed.push({ index: read.index, reads });
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
    if (this.#due.length === 0 || this.#turnIsFull || !this.#mayServe()) return;
    const untilMs = this.#clock.nowMs() + turnMs;
    do {
      const read = present(this.#due[this.#served++], 'a read that is due');
      this.#waiting -= 1;
      read.serve();
    } while (this.#served < this.#due.length && this.#clock.nowMs() < untilMs);
    if (this.#served === this.#due.length) {
      this.#due = [];
      this.#served = 0;
    } else {
      this.#turnIsFull = true;
      this.#wake();
    }
  }

  /** Gives up on every read whose round was not confirmed: the leader that was asked may be gone. */
  abandonUnconfirmed(): void {
    const groups = [...this.#asked.values()];
    this.#asked.clear();
    for (const reads of groups) this.#refuse(reads);
  }

  /** Refuses all that has not been served. */
  close(): void {
    this.abandonUnconfirmed();
    const due = this.#due.slice(this.#served);
    const confirmed = this.#confirmed.splice(0);
    const arrived = this.#arrived;
    this.#due = [];
    this.#served = 0;
    this.#arrived = [];
    this.#refuse(due);
    for (const { reads } of confirmed) this.#refuse(reads);
    this.#refuse(arrived);
  }

  #refuse(reads: readonly PendingRead[]): void {
    this.#waiting -= reads.length;
    for (const read of reads) read.refuse();
  }
}
