import type { Fault } from '../api/start/faults.ts';

export type MemberTier = 'hot' | 'warm' | 'cold';

/** A member of the cluster under test. Addresses (host:port) are those at which clients reach it; they stay over restarts. */
export interface Member {
  readonly id: string;
  /** As it began; a leader may decide otherwise later. */
  readonly tier: MemberTier;
  readonly client: string;
  /** Null where it has no HTTP of its own (etcd serves it on the client port). */
  readonly http: string | null;
}

/** One direction of a link between two members. */
export interface Shape {
  /** Nothing gets through, and nobody is told. */
  readonly cut?: boolean;
  readonly delayMs?: number;
  /** Delays are spread so far around `delayMs`. */
  readonly jitterMs?: number;
  /** Part of the packets that is lost, 0 to 1. Only where packets can be lost: a proxy of connections answers `false` to `can('loss')`. */
  readonly loss?: number;
  readonly bytesPerSecond?: number;
}

/** The network between members. Clients' ways to members are never touched. */
export interface Links {
  readonly how: 'namespaces' | 'proxy';
  /** Why this one, in a few words for the report. */
  readonly why: string;
  can(ability: 'loss' | 'cut' | 'delay' | 'bandwidth'): boolean;
  /** What `from` sends to `to`, from now on; an empty shape: as it was made. Calls made together take effect together. Errors: `unknown-member`, `unavailable` for what it can't. */
  shape(from: string, to: string, shape: Shape): Promise<void>;
  /** All links as they were made. */
  heal(): Promise<void>;
}

/** What can be done to the disk of a member, which must not run (but for `fill`; `invalid-argument`). All offsets and positions are drawn by `random`. */
export interface Disk {
  /** Flips one bit in a file that is closed: a table of LevelDB, or the newest write-ahead file of the log. Says where; null: there is none. */
  flipBit(id: string, where: 'table' | 'log', random: () => number): Promise<string | null>;
  /** Cuts the end off the newest write-ahead file of the log. Says what was cut; null: there is nothing. */
  truncateTail(id: string, random: () => number): Promise<string | null>;
  /** Its data is gone. */
  remove(id: string): Promise<void>;
  /** The folder as it is, to be put back later (an old disk image). */
  save(id: string): Promise<string>;
  putBack(id: string, saved: string): Promise<void>;
  /** Takes up all room of the member's own file system but so many bytes; null: gives it back. Only where `lacks('small-disk')` is null. */
  fill(id: string, freeBytes: number | null): Promise<void>;
}

/** What a scenario needs that not every machine, build or target has. */
export type Need =
  /** Nodes whose build hears of faults (sync errors, slow syncs, leaks, a full disk). */
  | 'fault-layer'
  | 'packet-loss'
  /** A small file system of the member's own (root). */
  | 'small-disk'
  /** libfaketime. */
  | 'clock'
  /** A limit of memory on the member's process. */
  | 'memory-limit'
  /** Tanist's own: tiers, sessions, policies. */
  | 'tanist'
  | 'warm-member'
  | 'cold-member'
  | 'five-hot'
  /** A second build of Tanist, given with `--other-build`, that single members can be started with. */
  | 'other-build';

/** A process that ran by a clock of another rate than real time, from its start to the next start of its member. */
export interface WrongRate {
  readonly member: string;
  readonly fromMs: number;
  /** Infinite: it has not been started again. */
  readonly toMs: number;
  readonly rate: number;
}

/** A cluster of processes under test, Tanist's or etcd's. Nothing of it outlives `stop`, nor the harness itself (`chaos clean` for a harness that was killed). */
export interface Target {
  readonly kind: 'tanist' | 'etcd';
  readonly links: Links;
  readonly disk: Disk;
  readonly members: readonly Member[];
  readonly endpoints: readonly string[];
  /** Why a need can't be met here, in a few words; null: it can. */
  lacks(need: Need): string | null;
  /** Null: it does not run. */
  pid(id: string): number | null;
  dataFolder(id: string): string;
  logFile(id: string): string;
  /** Waits for one that has a quorum. Errors: `unavailable`. */
  leader(): Promise<string>;
  /** Other voters, the first heir first; of etcd in any order. */
  heirs(): Promise<readonly string[]>;
  /** Terms as the members say, the highest; for counting elections. */
  term(): Promise<number>;
  signal(id: string, signal: NodeJS.Signals): void;
  exited(id: string): Promise<void>;
  /** Starts a member that has ended, on its own data; resolves when it serves. `clock`: its wall clock runs so (libfaketime). Errors: `unavailable` with its log's tail. */
  start(id: string, clock?: { readonly offsetMs: number; readonly rate: number }): Promise<void>;
  /** All so far, ms since the run began. Cluster time is a leader's clock: no lease can be truer. */
  readonly wrongRates: readonly WrongRate[];
  /** The member ails from now on; only where `lacks('fault-layer')` is null. */
  fault(id: string, fault: Fault): void;
  /** Which build the member runs from its next start on; only where `lacks('other-build')` is null. */
  useBuild?(id: string, build: 'own' | 'other'): void;
  /** Leadership is handed over in an orderly way. */
  transfer(to?: string): Promise<void>;
  /** All members run, follow one leader and have what it has; warm ones too, cold ones as of their last snapshot. Errors: `unavailable` and who is missing. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}
