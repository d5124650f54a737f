import type { LogIndex } from '../foundation/ids.ts';
import type { Raft } from '../raft/raft.ts';
import type { ConfirmedRead } from '../raft/ready.ts';

/** `serve` runs once the state is at least as new as the moment the read arrived; `refuse` when that can't be known now. */
export interface PendingRead {
  readonly serve: () => void;
  readonly refuse: () => void;
}

/**
 * Linearizable reads (promise 2): all that arrive in one event-loop turn share one read id, so one quorum round; each is served
 * when the state has applied the confirmed index. Never a clock, never a lease (thesis §6.4, ReadIndex).
 */
export class ReadQueue {
  readonly #raft: Raft;
  readonly #asked = new Map<number, readonly PendingRead[]>();
  readonly #confirmed: { readonly index: LogIndex; readonly reads: readonly PendingRead[] }[] = [];
  #arrived: PendingRead[] = [];
  #nextId = 1;
  #waiting = 0;

  constructor(raft: Raft) {
    this.#raft = raft;
  }

  get waiting(): number {
    return this.#waiting;
  }

  add(read: PendingRead): void {
    this.#arrived.push(read);
    this.#waiting += 1;
  }

  /** Asks for one round for everything that arrived since the last call. */
  flush(): void {
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

  /** Serves what is confirmed up to the applied index. */
  applied(index: LogIndex): void {
    let kept = 0;
    for (const group of this.#confirmed) {
      if (group.index <= index) {
        this.#waiting -= group.reads.length;
        for (const read of group.reads) read.serve();
      } else {
        this.#confirmed[kept++] = group;
      }
    }
    this.#confirmed.length = kept;
  }

  /** Gives up on every read whose round was not confirmed: the leader that was asked may be gone. */
  abandonUnconfirmed(): void {
    const groups = [...this.#asked.values()];
    this.#asked.clear();
    for (const reads of groups) this.#refuse(reads);
  }

  /** The node stops: nobody is left waiting. */
  close(): void {
    const groups = [this.#arrived, ...this.#asked.values(), ...this.#confirmed.map(({ reads }) => reads)];
    this.#arrived = [];
    this.#asked.clear();
    this.#confirmed.length = 0;
    for (const reads of groups) this.#refuse(reads);
  }

  #refuse(reads: readonly PendingRead[]): void {
    this.#waiting -= reads.length;
    for (const read of reads) read.refuse();
  }
}
