import type { BeforeDeathPolicy } from '../failover/before-death/signals.ts';
import type { ScoreOptions, SuspicionOptions } from '../failover/options.ts';
import type { TierPolicy } from '../failover/topology/policy.ts';
import type { NodeId } from '../foundation/ids.ts';
import type { RequestLimits } from '../foundation/limits.ts';
import type { Random } from '../foundation/random.ts';
import type { Clock } from '../ports/clock.ts';
import type { Block } from '../ports/command.ts';
import type { Disk } from '../ports/database.ts';
import type { LinkProbe } from '../ports/link-probe.ts';
import type { LogEntry, StoreIdentity } from '../ports/log-store.ts';
import type { NodeLog } from '../ports/node-log.ts';
import type { PredictionSource } from '../ports/prediction.ts';
import type { Transport, TransportHandler } from '../ports/transport.ts';
import type { Member } from '../protocol/status/routing.ts';
import type { RaftMessage } from '../raft/message.ts';
import type { StateBounds } from '../state/state-machine.ts';
import type { ScrubOptions } from './integrity/scrub-passes.ts';
import type { CompactionOptions } from './leading/auto-compaction.ts';
import type { LearningOptions } from './learning/learning-options.ts';
import type { Usage } from './prediction/behaviour/usage.ts';
import type { LocalModel } from './prediction/model-keeper.ts';
import type { PredictionBudget, Predictor } from './prediction/predictor.ts';
import type { Vitals } from './vitals.ts';

/** A member as the config has it. `join`: it was, or will be, added to a cluster that is there already. */
export interface ConfiguredMember extends Member {
  readonly labels?: Readonly<Record<string, string>>;
  readonly join?: boolean;
}

/** What a node is and how fast it acts. All durations in ms, sizes in bytes. */
export interface NodeOptions {
  readonly id: NodeId;
  readonly clusterId: string;
  /** For messages. */
  readonly dataFolder: string;
  /** As the config has them: the hot ones are the voters that a new cluster starts with. Later the log says who they are and where. */
  readonly members: readonly ConfiguredMember[];
  readonly tickMs: number;
  readonly heartbeatMs: number;
  /** Raft's own election timeout, under which all better evidence lies. */
  readonly electionMs: number;
  readonly rankDelayMs: number;
  readonly holdMs: number;
  readonly suspicion: SuspicionOptions;
  readonly score: ScoreOptions;
  /** When the leader makes way before it ends; absent: the defaults. */
  readonly beforeDeath?: BeforeDeathPolicy;
  /** Absent: no targets; only lost hot replicas are replaced. */
  readonly tiers?: TierPolicy;
  readonly requestLimits: RequestLimits;
  /** Of the state; equal on all nodes, since what apply does depends on them. */
  readonly bounds?: Partial<StateBounds>;
  readonly watchers?: number;
  /** How entries that take long are applied: so many keys in a slice (default 512), so many slices in a turn (default: for a few ms). */
  readonly keysPerSlice?: number;
  readonly slicesPerTurn?: number;
  readonly appendBytes: number;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
  readonly uncommittedBytes: number;
  readonly logMemoryBytes: number;
  readonly logDiskBytes: number;
  /** The image is written in the background, so often or when so much waits. */
  readonly flushEveryMs: number;
  readonly flushBytes: number;
  /** Of the live state (`StateMachine.liveBytes`): beyond it the leader raises the alarm `noSpace`. 0 or absent: none. */
  readonly quotaBytes?: number;
  readonly compaction?: CompactionOptions;
  /** How what is stored is read again in search of damage. */
  readonly scrub?: ScrubOptions;
  /** Below this much free space client writes are refused. */
  readonly diskReserveBytes: number;
  /** What its predictor may take; absent: the default. */
  readonly prediction?: PredictionBudget;
  /** How its model goes on learning; absent: the default. */
  readonly learning?: LearningOptions;
}

/** Everything a node touches. The simulator hands in its own; module-level state would outlive a simulated crash and is forbidden. */
export interface NodePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly nodeLog: NodeLog;
  readonly transport: (
    handler: TransportHandler<RaftMessage>,
    identity: StoreIdentity,
  ) => Transport<RaftMessage>;
  /** Absent: nothing is known, and nothing held against the node. */
  readonly vitals?: () => Vitals;
  /** Measures paths to other members. Absent: only what travels anyway tells of them. */
  readonly linkProbe?: LinkProbe;
  /** The thread that forecasts; the caller starts and closes it. Absent: nothing is predicted, and nothing else is missing. */
  readonly predictor?: Predictor;
  /** What this process uses of its machine, for the predictor. Absent: unknown. */
  readonly usage?: () => Usage | null;
  /** Models of this machine, which it publishes when it leads a cluster that has none of their names. */
  readonly localModels?: () => Promise<readonly LocalModel[]>;
  /** What is predicted of keys when this node takes over. Absent: what its own predictor has. */
  readonly predictions?: PredictionSource;
  /** Sees entries just before they are applied; for checks. */
  readonly observer?: NodeObserver;
}

export interface NodeObserver {
  applying(entry: LogEntry): void;
  /** What a fault of memory makes of a block on its way into the state; the results of further batches go nowhere. */
  spoil?(block: Block): Block;
}
