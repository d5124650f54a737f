import type { TanistError } from '../../foundation/errors.ts';
import type { LeaseId, NodeId } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StateDelta } from '../../ports/delta.ts';
import type { HistoryStore } from '../../ports/image-store.ts';
import type { MemberInfo } from '../../ports/membership.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Lineage, ReplicaReport, Revisions } from '../../ports/replication.ts';
import type { StateMachine } from '../../state/state-machine.ts';

/** What a hot node gives to whoever feeds replicas beyond the quorum from it. */
export interface ReplicaFeed {
  readonly id: NodeId;
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly state: StateMachine;
  /** Includes what is not stored yet. */
  readonly history: HistoryStore;
  /** Returns how to stop it. */
  listen(listener: FeedListener): () => void;
  lineage(): Lineage;
  /** Why this node feeds nobody at present: `stopping`, `starting`, `under-doubt`; null: it does. */
  refusal(): TanistError | null;
  members(): readonly MemberInfo[];
  /** The furthest that the leader is known to have come. */
  leaderRevisions(): Revisions;
  /** Resolves in a later turn of the event loop in which the state is whole, or the feed has ended; one waiting task a turn. */
  nextTurn(): Promise<void>;
  /** Whether the state now has all that was committed when this was asked, by a quorum's word; false: that cannot be known at present. */
  hasAllCommitted(): Promise<boolean>;
  /** Why this process of a replica is not fed: another one is it. Null: it is. */
  refusalOfStart(replica: NodeId, start: string): TanistError | null;
  /** What a replica that is fed here says of itself. */
  reported(report: ReplicaReport): void;
}

export interface FeedListener {
  /**
   * In the turn in which entries were applied, with the state right after them. `deltas` with `previous`; `leases`: those granted, with their
   * time-to-live in ms, and ended (null).
   */
  applied(deltas: readonly StateDelta[], leases: ReadonlyMap<LeaseId, number | null>): void;
  /** Who is to be fed may be others now. */
  membersChanged(): void;
  /** The state is about to be replaced by a snapshot, or the node stops: nothing of it is to be read any more. */
  ended(): void;
}

/** Resolves when the state is whole, at once where it is. Errors: the feed's refusal, where it ended with an entry half applied. */
export async function whole({
  state,
  nextTurn,
  refusal,
}: Pick<ReplicaFeed, 'state' | 'nextTurn' | 'refusal'>): Promise<void> {
  while (!state.whole) {
    const ended = refusal();
    if (ended !== null) throw ended;
    await nextTurn();
  }
}

/** Those who listen to one node. */
export class FeedListeners implements FeedListener {
  readonly #listeners = new Set<FeedListener>();

  add(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  applied(deltas: readonly StateDelta[], leases: ReadonlyMap<LeaseId, number | null>): void {
    for (const listener of this.#listeners) listener.applied(deltas, leases);
  }

  membersChanged(): void {
    for (const listener of this.#listeners) listener.membersChanged();
  }

  ended(): void {
    for (const listener of [...this.#listeners]) listener.ended();
  }
}
