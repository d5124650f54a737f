import type { ByteString } from '../foundation/bytes.ts';
import type { ClusterTimeMs, LeaseId, LogIndex, NodeId, Revision } from '../foundation/ids.ts';
import type { KeyValue, Space, StateDelta } from './delta.ts';
import type { MemberFacts } from './membership.ts';

/**
 * What a replica beyond the quorum (warm, cold) and a hot one that feeds it say to each other. Warm: the critical ranges as they commit; cold: the
 * latest values of everything, now and then. Neither has entries of the log.
 */

/** Etcd's rules: `rangeEnd` empty for the single key, `'\0'` for all keys ≥ `key`, else the first key beyond. */
export interface KeyRange {
  readonly space: Space;
  readonly key: ByteString;
  readonly rangeEnd: ByteString;
}

export type Revisions = Readonly<Record<Space, Revision>>;

/**
 * Which history revisions count in. A forced promotion begins a new one: `epoch` + 1 and a cluster id with another suffix (promise 8). Revisions of
 * different lineages must not be compared.
 */
export interface Lineage {
  readonly clusterId: string;
  readonly epoch: number;
}

/** What a replica holds: everything of `ranges` up to `revisions`, and nothing else. Without ranges: only how far it has been. */
export interface Held {
  readonly lineage: Lineage;
  readonly revisions: Revisions;
  readonly ranges: readonly KeyRange[];
}

/** `deltas`: every change as it commits (warm). `latest`: of what changed since, the latest values and the deletions, then the end (cold). */
export interface FollowRequest {
  readonly replica: NodeId;
  /** Random, of this start of its process; absent: a version that does not say. */
  readonly start?: string;
  readonly mode: 'deltas' | 'latest';
  /** Null: nothing yet. What is held of another lineage is not compared; it is sent anew. */
  readonly held: Held | null;
}

/** Number and sum of the live keys of a range (`state/mvcc/element-hash.ts`), as text; equal content, equal digest. */
export interface RangeDigest {
  readonly range: KeyRange;
  readonly keys: number;
  readonly digest: string;
}

/**
 * The parts of a stream, in order. `ranges` first: what the stream is about, and anew whenever policies change it. Per range either everything that it
 * holds (`replace`, then `values`) or only what came after `held`. Nothing is whole before the next `mark`: a receiver takes over what came between two
 * marks in one atomic write, or nothing of it.
 */
export type StreamPart =
  | { readonly kind: 'ranges'; readonly lineage: Lineage; readonly ranges: readonly KeyRange[] }
  /** What is held of the range is void; all its keys follow. */
  | { readonly kind: 'replace'; readonly range: KeyRange }
  | { readonly kind: 'values'; readonly space: Space; readonly values: readonly KeyValue[] }
  /** Without `previous`. In order within a space; a revision's deltas are never divided by a mark. In mode `latest` one a key. */
  | { readonly kind: 'deltas'; readonly deltas: readonly StateDelta[] }
  /** All leases there are, at the beginning; then those granted and ended. Renewals are not told. */
  | {
      readonly kind: 'leases';
      readonly all: boolean;
      readonly granted: readonly LeaseTerms[];
      readonly ended: readonly LeaseId[];
    }
  | { readonly kind: 'members'; readonly members: readonly MemberFacts[] }
  /**
   * In mode `latest`: how keys that are to be predicted changed since what is held, in order within a space, as far as it is cheaply known. No part of what
   * is held: who predicts nothing passes it over.
   */
  | { readonly kind: 'past'; readonly deltas: readonly StateDelta[] }
  | ({ readonly kind: 'mark' } & Mark);

export interface LeaseTerms {
  readonly id: LeaseId;
  readonly ttlMs: number;
}

export interface Mark {
  /** The feeding replica's state that this is a part of. */
  readonly index: LogIndex;
  readonly timeMs: ClusterTimeMs;
  readonly revisions: Revisions;
  readonly compacted: Revisions;
  /** The furthest that the feeding replica knows its leader to have come; what a forced promotion cannot vouch for lies between. */
  readonly leaderRevisions: Revisions;
  /** Every so often, and at the end in mode `latest`: of each range, at `revisions`. */
  readonly digests: readonly RangeDigest[];
}

/** A hot replica, as one beyond the quorum reaches it. Behind it: gRPC, or the simulator's network. */
export interface ReplicaSource {
  readonly id: NodeId;
  /**
   * Ends as an error when the source goes, or refuses: `under-doubt`, `starting`, `unknown-member` (not a replica of this tier), `data-of-another-cluster`
   * (the source's lineage is older than what is held), `duplicate-node` (another process is that replica), `never-committed` (what is held has a revision that was never committed). The source waits for the receiver: what is not taken stays there, within a bound; beyond it
   * the stream ends as `overloaded`, to be begun again from the last mark.
   */
  follow(request: FollowRequest, signal: AbortSignal): AsyncIterable<StreamPart>;
  /** What the replica says of itself, now and then, while it follows; it reaches the leader. */
  report(status: ReplicaReport): void;
}

/** What a replica beyond the quorum says of itself. */
export interface ReplicaReport {
  readonly id: NodeId;
  /** Random, of this start of its process, and a number that grows with each report of it; absent: a version that does not say. */
  readonly start?: string;
  readonly said?: number;
  readonly tier: 'warm' | 'cold';
  readonly held: Held | null;
  /** Behind the leader, as far as the last mark or snapshot told (`node/beyond/replica-lag`). */
  readonly lagRevisions: number;
  readonly lagMs: number;
  /** Null: fine. Otherwise why it serves nothing at present: what was found damaged, what is being fetched. */
  readonly trouble: string | null;
  /** Smoothed duration of a write to its disk, ms; of a warm one they are not synced. */
  readonly syncMs: number;
  readonly memoryUsed: number;
  readonly diskFree: number;
  /** Smoothed round-trip times and rates to the hot replicas, measured. */
  readonly links: readonly LinkMeasurement[];
  /** Where it is reached, while the cluster knows otherwise. */
  readonly facts: MemberFacts | null;
  /** What it says of its predictions (`node/prediction/model-report.ts`). Null or absent: it makes none. */
  readonly model?: ModelSaid | null;
}

export type ModelSaid = readonly (number | string | null)[];

export interface LinkMeasurement {
  readonly to: NodeId;
  readonly roundTripMs: number | null;
  readonly bytesPerSecond: number | null;
}
