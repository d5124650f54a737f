import type { LogIndex, NodeId, Term } from '../foundation/ids.ts';
import type { Configuration, LogEntry, LogPoint } from '../ports/log-store.ts';

/** What peers say to each other. Immutable. `from` and `to` are set by the core; `term` is the sender's at sending. */
export type RaftMessage = { readonly from: NodeId; readonly to: NodeId; readonly term: Term } & (
  | PreVote
  | PreVoteReply
  | Vote
  | VoteReply
  | Append
  | AppendReply
  | Heartbeat
  | HeartbeatReply
  | InstallSnapshot
  | TimeoutNow
  | ReadIndexRequest
  | ReadIndexReply
);

/**
 * Which time a candidate asks, for the answer to repeat: of many pre-votes in a term, and of two starts of a node that ask for votes in the same one. 0: the
 * sender is of a version that has no rounds.
 */
export type Asked = number;

/** Pre-vote (Ongaro's thesis §9.6): asks without raising the term; `term` is the sender's own, it would campaign in `term + 1`. */
export interface PreVote {
  readonly type: 'preVote';
  readonly last: LogPoint;
  readonly round: Asked;
}
export interface PreVoteReply {
  readonly type: 'preVoteReply';
  readonly granted: boolean;
  /** Why not: the candidate's log is staler; the voter still trusts its leader; `held`: it is asking the leader itself. */
  readonly reason: 'granted' | 'stale-log' | 'leader-alive' | 'old-term';
  readonly round: Asked;
}
export interface Vote {
  readonly type: 'vote';
  readonly last: LogPoint;
  /** By TimeoutNow: bypasses stickiness. */
  readonly handOver: boolean;
  readonly round: Asked;
}
export interface VoteReply {
  readonly type: 'voteReply';
  readonly granted: boolean;
  readonly reason: 'granted' | 'stale-log' | 'leader-alive' | 'voted' | 'old-term';
  readonly round: Asked;
}
/** AppendEntries (Raft §5.3). */
export interface Append {
  readonly type: 'append';
  readonly previous: LogPoint;
  readonly entries: readonly LogEntry[];
  readonly commit: LogIndex;
}
/** Sent only after what it acknowledges is durable. */
export interface AppendReply {
  readonly type: 'appendReply';
  readonly rejected: boolean;
  /** Accepted: the last index known to match, durable. Rejected: the index that did not match. */
  readonly match: LogIndex;
  /** Rejected: where the follower's log could match at best (index and the term there). */
  readonly hint: LogPoint;
}
/** Empty of entries: proof of life, commit, read rounds, succession. */
export interface Heartbeat {
  readonly type: 'heartbeat';
  readonly commit: LogIndex;
  /** The newest read round; 0: none. */
  readonly round: number;
  /** First heir first; never empty once the leader has seen a majority. */
  readonly succession: readonly NodeId[];
  /** Opaque to the core, from and to the driver (digest, clock, node status). */
  readonly context: Uint8Array;
}
export interface HeartbeatReply {
  readonly type: 'heartbeatReply';
  readonly round: number;
  readonly context: Uint8Array;
}
/** Says that the driver has received a snapshot (on a stream of its own) and that it may now be installed. */
export interface InstallSnapshot {
  readonly type: 'installSnapshot';
  readonly point: LogPoint;
  readonly configuration: Configuration;
}
/** Hand-over (thesis §3.10). */
export interface TimeoutNow {
  readonly type: 'timeoutNow';
}
export interface ReadIndexRequest {
  readonly type: 'readIndexRequest';
  readonly id: number;
}
export interface ReadIndexReply {
  readonly type: 'readIndexReply';
  readonly id: number;
  /** Null: refused, not the leader (any more). */
  readonly index: LogIndex | null;
}
