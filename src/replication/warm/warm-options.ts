import type { NodeId } from '../../foundation/ids.ts';
import type { RequestLimits } from '../../foundation/limits.ts';
import type { ScrubOptions } from '../../node/integrity/scrub-passes.ts';
import type { PredictionListener } from '../../node/prediction/prediction-feed.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Disk } from '../../ports/database.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Lineage, LinkMeasurement, ModelSaid } from '../../ports/replication.ts';
import type { SourceDirectory } from '../choose-source.ts';
import { defaultMoveTiming, type MoveTiming } from './source-moves.ts';

export interface WarmReplicaOptions {
  readonly id: NodeId;
  /** Random, of this start of the process; absent: sources do not tell it from another one of this id. */
  readonly start?: string;
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly disk: Disk;
  readonly directory: SourceDirectory;
  readonly requestLimits: RequestLimits;
  readonly timing?: Partial<WarmTiming>;
  /** How fast its rows are read in search of damage. */
  readonly scrub?: ScrubOptions;
  /** Of this machine, for reports: used memory and free disk space, 0 to 1. */
  readonly vitals?: () => { readonly memoryUsed: number; readonly diskFree: number };
  /** Measured paths to the hot nodes; absent, or none yet: only what is known of the sources. */
  readonly links?: () => readonly LinkMeasurement[];
  /** Smoothed duration of a write to its disk; absent: not known, 0. */
  readonly writeMs?: () => number;
  /** What it says of its predictions; absent: it makes none. */
  readonly model?: () => ModelSaid | null;
  /** Where it is reached, by its config. */
  readonly own?: MemberFacts;
  /** Whether it may follow a source of this lineage; absent: any. */
  readonly accepts?: (lineage: Lineage) => boolean;
  /** Hears of what comes, for predictions; `found` once a mark has brought policies or models. */
  readonly listener?: PredictionListener;
  /** Hears of the members whenever a mark tells of them. */
  readonly membersChanged?: (members: readonly MemberFacts[]) => void;
}

export interface WarmTiming extends MoveTiming {
  readonly reportEveryMs: number;
  /** A source that says nothing for so long is gone: it makes marks where nothing happens. */
  readonly silenceMs: number;
  /** After a failure, doubling. */
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  /** A source that failed is not the first choice for so long. */
  readonly grudgeMs: number;
  /** Until a full disk is tried again. */
  readonly fullDiskMs: number;
}

export const defaultTiming: WarmTiming = {
  ...defaultMoveTiming,
  reportEveryMs: 250,
  silenceMs: 2000,
  firstRetryMs: 5,
  longestRetryMs: 500,
  grudgeMs: 5000,
  fullDiskMs: 500,
};
