import type { LogIndex, NodeId, Term } from '../foundation/ids.ts';

/** `noop` opens a term, `commands` carries an encoded `Block`, `configuration` an encoded membership change. */
export type EntryKind = 'noop' | 'commands' | 'configuration';

/** One position of the log. Immutable from the moment it is made; the payload is never written again. */
export interface LogEntry {
  readonly term: Term;
  readonly index: LogIndex;
  readonly kind: EntryKind;
  readonly payload: Uint8Array;
}

/** What Raft must find again after a crash (Raft §5.2). */
export interface HardState {
  readonly term: Term;
  readonly vote: NodeId | null;
}

/** A position with its term, as snapshots and compaction name it. Index 0, term 0: before the first entry. */
export interface LogPoint {
  readonly index: LogIndex;
  readonly term: Term;
}

export const beforeAll: LogPoint = { index: 0 as LogIndex, term: 0 as Term };

/**
 * Who counts. In a joint change `outgoing` holds the old voters and both majorities are needed (Raft §6); otherwise it is empty.
 */
export interface Configuration {
  readonly voters: readonly NodeId[];
  readonly outgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

/** Which incarnation of which store a node is (promise 6). */
export interface StoreIdentity {
  readonly clusterId: string;
  readonly nodeId: NodeId;
  /** Random, made with the store. */
  readonly storeId: string;
  /** + 1 a start, durable before the node says anything to its peers. */
  readonly bootCounter: number;
  /** Random, made at this start. */
  readonly incarnation: string;
  /** Where the durable log ended when it was opened at this start. */
  readonly last: LogPoint;
  /** Why it doubts itself: it took the place of a damaged store. Absent: it does not, or no longer (`LogStore.clearDoubt`). */
  readonly doubt?: string | undefined;
}

/** What a node presents to its peers, and what they remember of it, durably. */
export interface PeerIdentity {
  readonly storeId: string;
  readonly bootCounter: number;
  /** Random, made at every start: tells a reconnect from a start with the same counter out of an old disk image. */
  readonly incarnation: string;
  /** Presented: where its durable log ended at its start. Remembered: up to where it is known to have stored committed entries. */
  readonly last: LogPoint;
  /** Remembered: its disk was found empty or old; it counts for no quorum yet. Presented: it says so itself. */
  readonly doubted: boolean;
}

/** What a node says of itself in a hello. */
export function presentedOf({ storeId, bootCounter, incarnation, last, doubt }: StoreIdentity): PeerIdentity {
  return { storeId, bootCounter, incarnation, last, doubted: doubt !== undefined };
}

/** What opening the log found. */
export interface LogImage {
  readonly hardState: HardState;
  /** The last point that compaction removed; entries follow it without a gap. */
  readonly compacted: LogPoint;
  readonly last: LogPoint;
  /** The newest entries, contiguous up to `last`, at most the memory window's bytes (but all after `mustLoadAfter`). */
  readonly tail: readonly LogEntry[];
  /** Bytes of what was being written at the crash and was dropped; 0 after a clean stop. */
  readonly tornBytes: number;
  readonly peers: ReadonlyMap<NodeId, PeerIdentity>;
}

/** Several changes that become durable together, in one synced write. */
export interface LogAppend {
  readonly hardState?: HardState;
  /** Contiguous. Everything at or above the first one's index that was there before is gone. */
  readonly entries: readonly LogEntry[];
}

export interface LogScrub {
  readonly bytes: number;
  /** Where to go on; null: all has been read. */
  readonly next: LogIndex | null;
  /** The first thing that is not as it was written, and the last entry that it takes with it; nothing behind it was read. */
  readonly fault: { readonly what: string; readonly through: LogIndex } | null;
}

/**
 * The durable log. Calls are carried out in the order of the calls. `append` resolves when its content is on the disk, synced; a rejection with
 * code `storage-failed` is final (the node must stop: what reached the disk is unknown), one with code `disk-full` means nothing
 * was written and the same append may be tried again.
 */
export interface LogStore {
  readonly identity: StoreIdentity;
  readonly image: LogImage;
  append(change: LogAppend): Promise<void>;
  /**
   * Entries from `from` (inclusive) to `to` (exclusive), contiguous, at least one, more only up to `maxBytes` in all. Empty: `from` was compacted
   * away meanwhile, or is not there. `data-damaged` when a block is no longer what was written.
   */
  read(from: LogIndex, to: LogIndex, maxBytes: number): Promise<readonly LogEntry[]>;
  /** Removes entries ≤ `point.index`. The caller has made the state image durable up to there. */
  compact(point: LogPoint): Promise<void>;
  /** After a snapshot was installed: the log is empty and begins after `point`. */
  reset(point: LogPoint, hardState: HardState): Promise<void>;
  /** Durable before it resolves. */
  rememberPeer(id: NodeId, identity: PeerIdentity): Promise<void>;
  /** This store was brought up to date (promise 6): from its next start on it is no longer presented as doubted. */
  clearDoubt(): Promise<void>;
  /** As `Database.inspect`. */
  inspect(pace: (bytes: number) => Promise<void>): Promise<string | null>;
  /**
   * Reads the blocks that hold entries from `from` to `through`, about `budgetBytes` of them, and behind the last one the other records, and compares them with what was
   * written.
   */
  scrub(from: LogIndex, through: LogIndex, budgetBytes: number): Promise<LogScrub>;
  /**
   * Makes the log anew, in a new database, without entries ≤ `point.index`, which the image holds durably; the old one is set aside. Fails with
   * `data-damaged`, and changes nothing, when a later block cannot be read.
   */
  renew(point: LogPoint): Promise<void>;
  /** The compacted point's index: entries follow it. */
  readonly compactedIndex: LogIndex;
  /** Bytes of entries after the compacted point. */
  sizeBytes(): number;
  close(): Promise<void>;
}
