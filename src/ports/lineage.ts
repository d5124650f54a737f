import type { NodeId } from '../foundation/ids.ts';
import type { KeyRange, Lineage, Revisions } from './replication.ts';

/**
 * Where one lineage went over into the next (a forced promotion, promise 8). Kept in the space `system`, so that whoever is of the new lineage can
 * tell anyone of an older one what it had beyond.
 */
export interface Fork {
  readonly from: Lineage;
  readonly to: Lineage;
  /** What the promoted replica held: of `ranges` all up to these revisions of `from`, and nothing else. */
  readonly revisions: Revisions;
  readonly ranges: readonly KeyRange[];
  readonly promoted: NodeId;
  /** Cluster time of the last mark that it had, in ms. */
  readonly timeMs: number;
}

/** When a replica promotes itself by force: never, unless a fence command is configured (promise 8). */
export interface ForcedPolicy {
  /** Program and arguments; it gets the id and the client address of a hot member behind them, and ends with 0 only when that one can't run any more. */
  readonly fence: readonly string[];
  /** No hot replica must have answered for so long, in ms. */
  readonly afterMs: number;
  /** Goes on where no other member beyond the quorum is there to confirm that the hot ones are gone: then a network that cuts this one off is enough. */
  readonly alone: boolean;
}

/** What the promoted replica could not vouch for. Saved in its folder and shown to operators. */
export interface ForcedReport {
  readonly fork: Fork;
  /** How far the old leader was known to have come, by the last mark. */
  readonly leaderRevisions: Revisions;
  readonly ranges: readonly RangeReport[];
  /** By space what is not held: all but these ranges; empty: everything is. */
  readonly notHeld: readonly {
    readonly space: 'user' | 'planes' | 'system';
    readonly allBut: readonly KeyRange[];
  }[];
  readonly leases: number;
  /** The first revision of each space that the new lineage gives. */
  readonly firstRevisions: Revisions;
  readonly asked: readonly AskedMember[];
  /** Until when the report knows of the leader at all. Absent: saved by a version that did not say. */
  readonly lastWord?: LastWord;
}

/** How old the last mark or snapshot of the replica was, ms: what the leader gave after it is in no number of the report. */
export interface LastWord {
  /** From the cluster time of its newest entry (`fork.timeMs`) to the wall time of the replica's machine. */
  readonly agoMs: number;
  /** Since a hot node last had nothing newer; far shorter where nothing was written. */
  readonly heardAgoMs: number;
}

export interface RangeReport {
  readonly range: KeyRange;
  /** Held: everything up to here. */
  readonly heldThrough: number;
  /** The last that the leader is known to have given in the space; what lies between may be missing. */
  readonly leaderThrough: number;
  readonly keys: number;
}

export interface AskedMember {
  readonly id: NodeId;
  readonly tier: string;
  /** Of the space `user`: one that answers and has more would lose less. */
  readonly revision: number | null;
  readonly answer: 'alive' | 'silent' | 'of-another-lineage';
}
