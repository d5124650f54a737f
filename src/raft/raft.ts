import type { LogIndex, NodeId, Term } from '../foundation/ids.ts';
import type { Random } from '../foundation/random.ts';
import type { Configuration, EntryKind, HardState, LogEntry, LogPoint } from '../ports/log-store.ts';
import type { MemberChange } from '../ports/membership.ts';
import type { RaftMessage } from './message.ts';
import type { Ready, Role } from './ready.ts';

export interface RaftOptions {
  readonly id: NodeId;
  readonly random: Random;
  /** Ticks without a word from a leader before a follower looks for another by itself: the ceiling under `leaderLost`. */
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  /** Ticks that each further rank of the succession waits after `leaderLost` before it campaigns. */
  readonly rankDelayTicks: number;
  /** How long a pre-vote that came before the voter's own observation is held (failover.md: at most 20 ms). */
  readonly holdTicks: number;
  readonly maxAppendBytes: number;
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  readonly maxUncommittedBytes: number;
  /** Entries kept in memory behind the applied index. */
  readonly logMemoryBytes: number;
}

/** What the stores held at start. */
export interface RaftStart {
  readonly hardState: HardState;
  readonly compacted: LogPoint;
  /** Contiguous up to the last one of the log, all after `applied` among them; empty only if the log has none after `compacted`. */
  readonly entries: readonly LogEntry[];
  /** As of `applied`; later changes are found in `entries`. */
  readonly configuration: Configuration;
  readonly applied: LogIndex;
}

export interface Progress {
  readonly match: LogIndex;
  readonly next: LogIndex;
  readonly state: 'probe' | 'replicate' | 'snapshot';
  readonly recentlyActive: boolean;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
}

export interface RaftStatus {
  readonly id: NodeId;
  readonly role: Role;
  readonly term: Term;
  readonly leader: NodeId | null;
  readonly vote: NodeId | null;
  readonly commit: LogIndex;
  readonly applied: LogIndex;
  readonly last: LogPoint;
  readonly durable: LogIndex;
  readonly configuration: Configuration;
  readonly succession: readonly NodeId[];
  /** To whom leadership is being handed over: until that is over proposals are refused. Null: to nobody. */
  readonly handsOverTo: NodeId | null;
  /** A live view, not a copy. */
  readonly progress: ReadonlyMap<NodeId, Progress>;
}

export type ProposeResult =
  | { readonly accepted: true; readonly index: LogIndex; readonly term: Term }
  | {
      readonly accepted: false;
      readonly reason: 'not-leader' | 'overloaded' | 'handing-over' | 'change-pending';
    };

/**
 * Consensus as a pure state machine: no clock, no I/O, no promises, no randomness but the one handed in. Inputs change the state at
 * once; everything to be done is in the next `ready()` (its contract is at `Ready`). One caller, never re-entrant.
 */
export interface Raft {
  readonly status: RaftStatus;
  /** As far as this node knows nobody leads, or it has been elected itself and has committed nothing yet: others wait for every step. */
  readonly unsettled: boolean;
  step(message: RaftMessage): void;
  tick(): void;
  propose(kind: EntryKind, payload: Uint8Array): ProposeResult;
  /** Starts a membership change; simple ones and joint ones alike end in `target`. `change` goes along in its first entry. */
  proposeConfiguration(
    target: { readonly voters: readonly NodeId[]; readonly learners: readonly NodeId[] },
    change?: MemberChange,
  ): ProposeResult;
  /** On the leader joins the next round; on a follower asks the leader. Answered in `Ready.reads`. */
  readIndex(id: number): void;
  /** The connection to the leader of `term` broke: the first heir asks for pre-votes ahead, in case it turns out to be dead. */
  leaderDropped(leader: NodeId, term: Term): void;
  /** This node's own observation that the leader of `term` is dead (never a candidate's word). Ignored if stale. */
  leaderLost(leader: NodeId, term: Term): void;
  /** The opposite: a probe showed the leader alive in this term; held pre-votes are refused. */
  leaderAlive(leader: NodeId, term: Term): void;
  /** Hand over to `to`, or to the first heir that is caught up. False: not the leader, or no one is fit. */
  transfer(to: NodeId | null): boolean;
  /** Leader: the order in which replicas shall campaign, as the failover layer ranks them; sent with the next heartbeat at once if it changed. */
  setSuccession(succession: readonly NodeId[]): void;
  /** Opaque bytes to put into heartbeats and their replies from now on. */
  setContext(context: Uint8Array): void;
  /** A replica whose state is not whole (promise 6) votes and stores entries, but neither campaigns nor leads: a leader leaves office. */
  setPassive(passive: boolean): void;
  /** The image was replaced by one of `point`, which the log holds too; `configuration` is in force there. */
  rebased(point: LogPoint, configuration: Configuration): void;
  /** A replica under doubt (promise 6) neither votes nor campaigns nor is counted by its own quorum arithmetic, but stores entries. */
  setDoubted(doubted: boolean): void;
  /** Leader: members that count for no quorum at present (promise 6). */
  setDoubtedPeers(doubted: ReadonlySet<NodeId>): void;
  /** Leader: the peer's store is not, or no longer whole, what acknowledged its entries: nothing that it acknowledged counts. */
  forgetPeer(peer: NodeId): void;
  /**
   * The last committed entry that the peer is known to have stored durably: from this node's own offices as leader, so never one that any log
   * may still lose. Term 0: memory no longer knows it.
   */
  acknowledgedBy(peer: NodeId): LogPoint;
  /** The peer's connection came up or went down: restart its flow as a probe. */
  peerReset(peer: NodeId): void;
  ready(): Ready | null;
  persisted(token: number): void;
  applied(index: LogIndex): void;
  logRead(to: NodeId, entries: readonly LogEntry[] | null): void;
  /** `point`: of the image that the peer has taken whole; null: it has not. */
  snapshotSent(to: NodeId, point: LogPoint | null): void;
  installed(point: LogPoint): void;
  /** It could not be taken over; log and image are as before. */
  installFailed(point: LogPoint): void;
  /** The log store no longer has entries ≤ point. */
  compacted(point: LogPoint): void;
  /** Leaves leadership at once (stop, disk failure); the first fit heir is told. */
  stepDown(): void;
  /** What memory holds at `index`; null: nothing there, or older. For checks (`invariants.ts`) and diagnosis. */
  entryAt(index: LogIndex): LogEntry | null;
}
