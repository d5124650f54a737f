import type { LogIndex, NodeId, Term } from '../foundation/ids.ts';
import type { Configuration, HardState, LogEntry, LogPoint } from '../ports/log-store.ts';
import type { RaftMessage } from './message.ts';

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';

export interface SoftState {
  readonly role: Role;
  readonly term: Term;
  readonly leader: NodeId | null;
}

/**
 * What the driver must do after inputs, taken with `raft.ready()`. In this order, with this freedom:
 * 1. `messages` may be sent at once, before anything is durable (a leader's appends run in parallel with its own sync).
 * 2. `persist`, if present: write `hardState` and `entries` in one synced batch. When that is durable, call
 *    `raft.persisted(persist.token)`: it makes further output ready (own vote, own match). Then, not earlier, send `persist.messages`.
 *    Persists complete in the order they were handed out. The driver may gather further Readies while one is being written.
 * 3. `committed`: apply, in order. They are locally durable already.
 * 4. `reads`: a confirmed read may be served once `index` is applied.
 * 5. `snapshots`: stream an image to that peer, then `raft.snapshotSent(to, point)`.
 * 6. `lostPeers`: doubt them, durably, before anything else is stepped (promise 6).
 * 7. `logReads`: read entries from `from` (inclusive) to `until` (exclusive) of the log store, and hand them back with `raft.logRead(…)`;
 *    null if they are gone.
 */
export interface Ready {
  readonly soft: SoftState | null;
  readonly messages: readonly RaftMessage[];
  readonly persist: Persist | null;
  readonly committed: readonly LogEntry[];
  readonly reads: readonly ConfirmedRead[];
  readonly snapshots: readonly { readonly to: NodeId }[];
  readonly logReads: readonly LogRead[];
  /** Members, not doubted, that no longer have what they had acknowledged. */
  readonly lostPeers: readonly NodeId[];
  /** A received snapshot to take over in place of log and image; then call `raft.installed(point)`, or `raft.installFailed(point)`. */
  readonly install: { readonly point: LogPoint; readonly configuration: Configuration } | null;
}

/** Entries that the peer `to` needs and memory no longer holds; all of them are applied. */
export interface LogRead {
  readonly to: NodeId;
  readonly from: LogIndex;
  readonly until: LogIndex;
  readonly maxBytes: number;
}

export interface Persist {
  readonly token: number;
  readonly hardState: HardState | null;
  readonly entries: readonly LogEntry[];
  readonly messages: readonly RaftMessage[];
}

/** `id` is the caller's. `index` null: refused (no leader, or leadership lost before the round was confirmed); ask again. */
export interface ConfirmedRead {
  readonly id: number;
  readonly index: LogIndex | null;
}
