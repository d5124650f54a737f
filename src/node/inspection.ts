import type { ClusterTimeMs, LogIndex, NodeId, Revision } from '../foundation/ids.ts';
import type { Alarm } from '../ports/command.ts';
import { bySpace, type Space } from '../ports/delta.ts';
import type { ImageStore } from '../ports/image-store.ts';
import type { LogStore } from '../ports/log-store.ts';
import type { Transport } from '../ports/transport.ts';
import type { RaftMessage } from '../raft/message.ts';
import type { Raft, RaftStatus } from '../raft/raft.ts';
import type { StateMachine } from '../state/state-machine.ts';
import type { WatchHub } from '../state/watch-hub.ts';
import type { BeforeDeath } from './before-death/before-death.ts';
import type { NodeGauges } from './gauges.ts';
import type { LogDoubt } from './integrity/log-doubt.ts';
import type { Scrubber } from './integrity/scrub.ts';
import type { ScrubStatus } from './integrity/scrub-passes.ts';
import type { Standing } from './integrity/standing.ts';
import type { Opening } from './leading/opening.ts';
import type { Driver } from './loop/driver.ts';
import type { PeerGuard } from './peers/peer-guard.ts';
import type { ReadQueue } from './reads/reads.ts';
import type { Life } from './refusals.ts';
import type { ProposalQueue } from './writes/proposals.ts';

/** For checks and status: the node at this moment, without side effects. */
export interface NodeInspection {
  readonly raft: RaftStatus;
  readonly applied: LogIndex;
  readonly clusterTimeMs: ClusterTimeMs;
  readonly spaces: Readonly<
    Record<
      Space,
      {
        readonly revision: Revision;
        readonly compacted: Revision;
        readonly keys: number;
        readonly digest: string;
      }
    >
  >;
  readonly sessions: number;
  readonly leases: number;
  readonly doubtedPeers: ReadonlySet<NodeId>;
  /** It leads and its first block is committed: reads and writes are answered. */
  readonly open: boolean;
  /** Alarms that are on. */
  readonly alarms: readonly Alarm[];
  /** What the quota bounds. */
  readonly liveBytes: number;
  /** A snapshot is being taken over: state and revisions are not whole at present. */
  readonly restoring: boolean;
  /** Why it serves nothing: its state is wrong or lost, and waits for a peer's (promise 6). Null: it does not. */
  readonly doubt: string | null;
  /** Why its votes and acknowledgements count for nothing: its log took the place of a damaged one. */
  readonly logDoubt: string | null;
  /** How often its state was made anew from a peer's since the start. */
  readonly rebuilds: number;
  readonly scrub: ScrubStatus;
  /** An entry is being applied: revisions are those before it, but counts of keys, digests and sizes somewhere in it. */
  readonly applying: boolean;
}

export interface InspectionParts {
  /** Peers whose round trips are told. */
  readonly peers: readonly NodeId[];
  readonly raft: Raft;
  readonly state: StateMachine;
  readonly log: LogStore;
  readonly image: ImageStore;
  readonly transport: Transport<RaftMessage>;
  readonly life: Life;
  readonly standing: Standing;
  readonly logDoubt: LogDoubt;
  readonly opening: Opening;
  readonly guard: PeerGuard;
  readonly scrubber: Scrubber;
  readonly proposals: ProposalQueue;
  readonly reads: ReadQueue;
  readonly hub: WatchHub;
  readonly driver: Driver;
  readonly beforeDeath: BeforeDeath;
  readonly loopLagMs: () => number;
  readonly quotaBytes: number;
}

/** Looks at a node and changes nothing. */
export class Inspection {
  readonly #parts: InspectionParts;

  constructor(parts: InspectionParts) {
    this.#parts = parts;
  }

  inspect(): NodeInspection {
    const { raft, state, standing, logDoubt, opening, guard, scrubber } = this.#parts;
    return {
      raft: raft.status,
      applied: state.applied.index,
      clusterTimeMs: state.timeMs,
      spaces: bySpace((space) => ({
        revision: state.revision(space),
        compacted: state.compacted(space),
        keys: state.keyCount(space),
        digest: state.digest(space),
      })),
      sessions: state.sessionCount,
      leases: state.leaseCount,
      doubtedPeers: guard.doubted,
      restoring: standing.isRestoring,
      doubt: standing.doubt,
      logDoubt: logDoubt.reason,
      rebuilds: standing.rebuilds,
      scrub: scrubber.status,
      applying: !state.whole,
      open: opening.isOpen,
      alarms: state.alarms(),
      liveBytes: state.liveBytes,
    };
  }

  get raft(): RaftStatus {
    return this.#parts.raft.status;
  }

  get doubt(): string | null {
    return this.#parts.standing.doubt;
  }

  /** Reads plain numbers; only the size of the image is asked of the disk. */
  async gauges(): Promise<NodeGauges> {
    const {
      peers,
      log,
      image,
      transport,
      life,
      standing,
      proposals,
      reads,
      hub,
      driver,
      beforeDeath,
      loopLagMs,
      quotaBytes,
    } = this.#parts;
    return {
      commandsWaiting: proposals.commandsWaiting,
      commandsFailed: proposals.commandsFailed,
      readsWaiting: reads.waiting,
      watchers: hub.count,
      peerBytesReceived: transport.bytesReceived ?? 0,
      logBytes: log.sizeBytes(),
      imageBytes: life.isStopped || standing.notWhole() !== null ? 0 : await image.sizeBytes(),
      quotaBytes,
      loopLagMs: loopLagMs(),
      logSyncs: driver.syncs,
      signs: beforeDeath.signs,
      handOvers: beforeDeath.counts.list(),
      roundTrips: new Map(
        peers.flatMap((id) => {
          const times = transport.roundTrips?.(id) ?? null;
          return times === null ? [] : [[id, times] as const];
        }),
      ),
    };
  }
}
