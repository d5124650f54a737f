import type { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { defaultScrub, type ScrubOptions } from '../../node/integrity/scrub-passes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Lineage, LinkMeasurement, ModelSaid } from '../../ports/replication.ts';
import type { FailedResult, RangeResult } from '../../ports/result.ts';
import type { SourceDirectory } from '../choose-source.ts';
import type { ColdFeed } from './cold-feed.ts';
import type { ColdStore } from './cold-store.ts';
import type { SnapshotRecord } from './snapshot-record.ts';

export interface ColdReplicaOptions {
  readonly id: NodeId;
  /** Random, of this start of the process; absent: sources do not tell it from another one of this id. */
  readonly start?: string;
  /** Between the beginnings of two snapshots, ms. */
  readonly everyMs: number;
  /** After one that failed, ms. */
  readonly retryMs: number;
  readonly reportMs: number;
  /** How fast its rows are read in search of damage. */
  readonly scrub: ScrubOptions;
}

export const defaultColdOptions = {
  everyMs: 60_000,
  retryMs: 1000,
  reportMs: 1000,
  scrub: defaultScrub,
} as const satisfies Omit<ColdReplicaOptions, 'id' | 'start'>;

export interface ColdReplicaPorts {
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly store: ColdStore;
  readonly directory: Pick<SourceDirectory, 'offers'>;
  /** Whether it follows a source of this lineage. Absent: of any. */
  readonly accepts?: (lineage: Lineage) => boolean;
  /** Hears what comes for predictions, and of each snapshot. */
  readonly feed?: Pick<ColdFeed, 'begun' | 'past' | 'taken'>;
  /** Of this machine, for reports: used memory and free disk space, 0 to 1. */
  readonly vitals: () => { readonly memoryUsed: number; readonly diskFree: number };
  /** Smoothed duration of a write to its disk; absent: not known, 0. */
  readonly writeMs?: () => number;
  /** Measured paths to the hot nodes; absent, or none yet: only what is known of the sources. */
  readonly links?: () => readonly LinkMeasurement[];
  /** What it says of its predictions; absent: it makes none. */
  readonly model?: () => ModelSaid | null;
  /** Where it is reached, by its config. */
  readonly own?: MemberFacts;
  /** Hears of the members with every new snapshot. */
  readonly membersChanged: (members: readonly MemberFacts[]) => void;
  /** A snapshot was written: nothing of it is needed in memory any more. */
  readonly tidied: () => void;
  /**
   * It cannot go on: the disk failed in a way that is final (`storage-failed`), so that what reached it is unknown and the process has to begin anew; or
   * the member was removed from the cluster (`member-removed`).
   */
  readonly broken: (error: TanistError) => void;
}

export interface ColdAnswer {
  readonly result: RangeResult | FailedResult;
  readonly snapshot: SnapshotRecord;
  /** Since the snapshot was known to be all there is, ms. */
  readonly ageMs: number;
}

export interface ColdCounts {
  readonly taken: number;
  readonly quarantined: number;
  readonly sourceChanges: number;
  readonly diskBytes: number;
}
