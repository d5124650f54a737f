import { defaultTierPolicy } from '../failover/topology/policy.ts';
import { present } from '../foundation/assert.ts';
import { asError, TanistError } from '../foundation/errors.ts';
import {
  type ClusterTimeMs,
  type LeaseId,
  type LogIndex,
  type NodeId,
  noSession,
  type Revision,
  type Term,
} from '../foundation/ids.ts';
import type { RequestLimits } from '../foundation/limits.ts';
import { mutant } from '../foundation/mutants.ts';
import type { Alarm, Command, CommandBatch, RangeRequest } from '../ports/command.ts';
import type { Space } from '../ports/delta.ts';
import type { HistoryStore } from '../ports/image-store.ts';
import { type PeerIdentity, presentedOf, type StoreIdentity } from '../ports/log-store.ts';
import type { MemberFacts, MemberInfo, MemberRequest } from '../ports/membership.ts';
import type { Revisions } from '../ports/replication.ts';
import type { CommandResult, FailedResult, RangeResult } from '../ports/result.ts';
import type { TierChanges } from '../ports/tier-changes.ts';
import type { ProbeAnswer, Transport, TransportHandler } from '../ports/transport.ts';
import type { Member, Routing } from '../protocol/routing.ts';
import { encodeCommandBatch } from '../protocol/write-command.ts';
import type { RaftMessage } from '../raft/message.ts';
import type { Raft, RaftStatus } from '../raft/raft.ts';
import type { SoftState } from '../raft/ready.ts';
import type { StateMachine } from '../state/state-machine.ts';
import { validateCommand } from '../state/validate.ts';
import { type WatchHandle, WatchHub, type WatchRequest, type WatchSink } from '../state/watch-hub.ts';
import type { RescuedStore } from '../storage/open-or-rescue.ts';
import type { OpenedStore } from '../storage/open-store.ts';
import { Applier } from './applier.ts';
import { AutoCompaction } from './auto-compaction.ts';
import { backupOf } from './backup/backup.ts';
import { ClusterClock } from './cluster-clock.ts';
import { completeResults } from './deferred-ranges.ts';
import { DiskGuard } from './disk-guard.ts';
import { Driver } from './driver.ts';
import { mayAcknowledgeEarly } from './early-acknowledgement.ts';
import type { NodeGauges } from './gauges.ts';
import { HandOver } from './hand-over.ts';
import { ImageKeeper } from './image-keeper.ts';
import { ImageOutlet, type OutgoingImage } from './image-outlet.ts';
import { Integrity } from './integrity/integrity.ts';
import { LogRepair } from './integrity/log-repair.ts';
import { defaultScrub, Scrubber, type ScrubStatus } from './integrity/scrub.ts';
import { verdictRows } from './integrity/verdict.ts';
import { LeaderMonitor } from './leader-monitor.ts';
import { furthest, parseLeaderRevisions, revisionRow, revisionsOf } from './leader-revisions.ts';
import { Maintenance } from './maintenance.ts';
import { Membership } from './membership/membership.ts';
import { TierMover } from './membership/tier-mover.ts';
import type { NodeOptions, NodePorts } from './options.ts';
import { ParkedProposals } from './parked-proposals.ts';
import { PeerConnections } from './peer-connections.ts';
import { PeerGuard } from './peer-guard.ts';
import { type Proposal, type ProposalOutcome, ProposalQueue, refused } from './proposals.ts';
import { Quota } from './quota.ts';
import { RangeReader } from './range-reader.ts';
import { ReadQueue } from './reads.ts';
import { RenewalBatcher, type RenewalDone } from './renewal-batcher.ts';
import { ReplicaBook, type ReplicaView } from './replica-book.ts';
import { FeedListeners, type ReplicaFeed } from './replica-feed.ts';
import { encodeReport, type SelfReport } from './self-report.ts';
import { Snapshots } from './snapshots.ts';
import { type MemberView, SuccessionKeeper } from './succession-keeper.ts';
import { Ticker } from './ticker.ts';
import { LinkKeeper } from './topology/link-keeper.ts';
import { Observation, type Weighed } from './topology/observe.ts';
import { TierKeeper, type TierOutlook } from './topology/tier-keeper.ts';
import { TrustKeeper } from './trust.ts';
import { TurnQueue } from './turn-queue.ts';

export type {
  WatchedChange,
  WatchedChanges,
  WatchHandle,
  WatchRequest,
  WatchSink,
} from '../state/watch-hub.ts';

/** An event loop that stands still for longer than this says nothing about peers until its sockets are drained. */
const stallMs = 20;
const rankEveryMs = 20;
const tiersEveryMs = 500;
/** A member that was heard so lately counts as alive where a change of members needs it, whatever is usual for it. */
const aliveMs = 1000;
/** An event loop that is later than this on average has no time for measurements. */
const busyLagMs = 5;
/** A block at least so often while there are leases or sessions: well below the largest step of cluster time. */
const timeEveryMs = 1000;
/** A leader whose disk has been full for so long gives leadership to a replica with room, and tries that so often. */
const fullDiskMs = 1000;

/** What a leader says of the tiers. */
export interface TiersView {
  readonly outlook: TierOutlook;
  readonly members: readonly Weighed[];
}

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

/**
 * One replica: Raft, state and storage behind the calls that the services make. Everything it touches comes in through `NodePorts`, so the
 * simulator runs this very code.
 */
export class TanistNode {
  readonly identity: StoreIdentity;
  readonly state: StateMachine;
  readonly maintenance: Maintenance;
  readonly #options: NodeOptions;
  readonly #ports: NodePorts;
  readonly #store: OpenedStore;
  readonly #raft: Raft;
  readonly #transport: Transport<RaftMessage>;
  readonly #ranges: RangeReader;
  readonly #hub: WatchHub;
  readonly #proposals: ProposalQueue;
  readonly #parked: ParkedProposals;
  readonly #reads: ReadQueue;
  readonly #renewals: RenewalBatcher;
  readonly #driver: Driver;
  readonly #applier: Applier;
  readonly #keeper: ImageKeeper;
  readonly #guard: PeerGuard;
  readonly #trust: TrustKeeper;
  readonly #monitor: LeaderMonitor;
  readonly #succession: SuccessionKeeper;
  readonly #snapshots: Snapshots;
  readonly #disk: DiskGuard;
  readonly #clusterClock: ClusterClock;
  readonly #handOver: HandOver;
  readonly #membership: Membership;
  readonly #tiers: TierMover;
  readonly #links: LinkKeeper;
  readonly #observation: Observation;
  readonly #tierKeeper: TierKeeper;
  readonly #images: ImageOutlet;
  readonly #quota: Quota;
  readonly #compaction: AutoCompaction;
  readonly #followers = new FeedListeners();
  readonly #replicas: ReplicaBook;
  /** For whoever feeds replicas beyond the quorum from this node. */
  readonly feed: ReplicaFeed;
  readonly #integrity: Integrity;
  readonly #scrubber: Scrubber;
  readonly #logRepair: LogRepair;
  readonly #listeners = new Set<(routing: Routing) => void>();
  readonly #failureListeners = new Set<(error: Error) => void>();
  #ticker: Ticker | null = null;
  readonly #connections = new PeerConnections();
  #routing: Routing;
  #opensAt: { readonly term: Term; readonly index: LogIndex } | null = null;
  #rankedAtMs = 0;
  #tiersAtMs = 0;
  #leavesAgainMs = 0;
  #stopping = false;
  /** State and image are being replaced: not whole at present. */
  #restoring = false;
  /** How often they were. */
  #replaced = 0;
  /** Why the state is wrong or lost. */
  #doubt: string | null = null;
  #logDoubt: string | null;
  /** What a leader last said that it had applied. */
  #leaderRevisions: Revisions | null = null;
  #noRoom = false;
  #rebuilds = 0;
  #backups = 0;
  #stopped = false;
  #started = false;
  #leaving = false;

  /** `state` has been restored from the store's image; `raft` starts from its log. See `openNode`. */
  constructor(options: NodeOptions, ports: NodePorts, store: RescuedStore, state: StateMachine, raft: Raft) {
    const { clock, nodeLog } = ports;
    this.identity = store.log.identity;
    this.state = state;
    this.#options = options;
    this.#ports = ports;
    this.#store = store;
    this.#raft = raft;
    this.#replicas = new ReplicaBook(clock);
    const wake = (): void => this.#driver.wake();
    const failed = (error: Error): void => this.#failedWith(error);
    this.#logDoubt = store.log.identity.doubt ?? null;
    this.#guard = new PeerGuard({
      self: options.id,
      incarnation: store.log.identity.incarnation,
      trusted: () => this.#trusted(),
      clusterId: store.log.identity.clusterId,
      log: store.log,
      nodeLog,
      doubted: (peers) => raft.setDoubtedPeers(peers),
      forget: (peer) => raft.forgetPeer(peer),
      acknowledged: (peer) => raft.acknowledgedBy(peer),
      failed,
    });
    raft.setDoubtedPeers(this.#guard.doubted);
    this.#trust = new TrustKeeper(raft, this.#guard);
    this.#clusterClock = new ClusterClock(clock);
    // Going on from the image's time: a restart of all replicas must not jump to the calendar.
    if (state.timeMs > 0) this.#clusterClock.saw(state.timeMs, state.applied.term);
    this.#transport = ports.transport(this.#handler(), store.log.identity);
    const transport = this.#transport;
    const { suspicion, score, id: self } = options;
    this.#monitor = new LeaderMonitor({
      self,
      raft,
      clock,
      transport,
      guard: this.#guard,
      nodeLog,
      suspicion,
      wake,
    });
    const report = (): SelfReport => this.#report();
    this.#succession = new SuccessionKeeper({
      self,
      raft,
      clock,
      transport,
      guard: this.#guard,
      suspicion,
      score,
      report,
      replicas: (reports) => this.#replicas.told(reports),
    });
    this.#proposals = new ProposalQueue({
      raft,
      stamp: () => this.#clusterClock.stamp(raft.status.last.index),
      // A leader that has seen no stamp must not take the calendar's time while its log holds stamps that are not applied.
      mayStamp: () =>
        this.#clusterClock.knowsTime || this.#opensAt === null || state.applied.index >= this.#opensAt.index,
      // Until its log is applied a new leader does not know the policies that were in force before it.
      mayAcknowledgeEarly: (batch) => this.#isOpen() && mayAcknowledgeEarly(batch, state),
      blocksInFlight: 2,
      uncommittedBytes: options.uncommittedBytes,
    });
    this.#parked = new ParkedProposals(options.uncommittedBytes);
    const mayRead = (): boolean => state.whole || mutant.active === 'read-half-applied';
    this.#reads = new ReadQueue(raft, clock, wake, mayRead);
    this.#renewals = new RenewalBatcher({
      clock,
      submit: (proposal) => this.submit(proposal),
      // Who does not lead has nothing to gather for: they are refused, or wait for the next leader, together.
      remainingMs: (id) => (this.#stopping || raft.status.role !== 'leader' ? 0 : this.leaseRemainingMs(id)),
    });
    this.#integrity = new Integrity({
      self: options.id,
      raft,
      state,
      clock,
      nodeLog,
      incarnation: store.log.identity.incarnation,
      doubt: () => this.#doubt,
      isWhole: () => this.#notWhole() === null,
      counts: (id) => (id === options.id ? this.#logDoubt === null : !this.#guard.doubted.has(id)),
      isOpen: () => this.#isOpen(),
      propose: (command, done) => this.#proposeOwn(command, done),
      quarantine: (reason) => this.#quarantine(reason),
      sendImage: (to) => this.#snapshots.sendImage(to),
    });
    this.#logRepair = new LogRepair({
      clock,
      nodeLog,
      log: store.log,
      image: store.image,
      settle: async () => {
        const problem = this.#notWhole();
        if (problem !== null) throw problem;
        await this.#keeper.settle();
      },
      compacted: (point) => raft.compacted(point),
      stopped: () => this.#stopped,
      failed,
    });
    this.#scrubber = new Scrubber({
      scrub: options.scrub ?? defaultScrub,
      clock,
      nodeLog,
      state,
      log: store.log,
      image: store.image,
      whole: () => (this.#notWhole() === null ? this.#replaced : null),
      yieldTurn: () => this.#yieldTurn(),
      logDamaged: (what, through) => this.#logRepair.damaged(what, through),
      imageDamaged: (what) => this.#imageDamaged(what),
      failed,
    });
    this.#keeper = new ImageKeeper({
      image: store.image,
      log: store.log,
      clock,
      nodeLog,
      takeBatch: () => state.takeImageBatch(),
      whole: () => state.whole,
      isLive: (space, key, revision) => state.isLive(space, key, revision),
      compacted: (point) => raft.compacted(point),
      failed: (error) => this.#storageFailed(error),
      flushEveryMs: options.flushEveryMs,
      flushBytes: options.flushBytes,
      logDiskBytes: options.logDiskBytes,
    });
    this.#images = new ImageOutlet({ image: store.image, clock, settle: () => this.#keeper.settle() });
    const history = state.history(store.image.history);
    this.#ranges = new RangeReader(state, history, clock, mayRead);
    this.feed = this.#replicaFeed(history);
    this.maintenance = new Maintenance({
      state,
      image: store.image,
      history,
      whole: () => {
        if (this.#stopped) throw stops();
        const problem = this.#notWhole();
        if (problem !== null) throw problem;
        return this.#replaced;
      },
      yieldTurn: () => this.#wholeTurn(),
    });
    this.#hub = new WatchHub({
      source: state,
      history,
      failed: (cause) => this.#storageFailed(asError(cause)),
      ...(options.watchers === undefined ? {} : { watchers: options.watchers }),
    });
    this.#applier = new Applier({
      state,
      hub: this.#hub,
      keeper: this.#keeper,
      clock,
      clusterClock: this.#clusterClock,
      proposals: this.#proposals,
      membersApplied: (entry, change) => this.#membership.applied(entry, change),
      feed: (deltas, leases) => this.#followers.applied(deltas, leases),
      observer: ports.observer,
      checkpoint: (index) => this.#integrity.applied(index),
      slicesPerTurn: options.slicesPerTurn ?? Number.POSITIVE_INFINITY,
    });
    this.#snapshots = new Snapshots({
      self,
      raft,
      log: store.log,
      image: store.image,
      transport,
      nodeLog,
      settle: () => this.#settle(),
      suspend: () => this.#suspend(),
      room: () => this.#disk.room(),
      reload: () => this.#reload(),
      resume: () => this.#resume(),
      waits: () => this.#doubt !== null && !this.#stopped,
      catchUp: async ({ index }) => {
        this.#keeper.resume();
        await this.#driver.catchUp(index);
      },
      confirmed: (index, to) => this.#integrity.confirmed(index, to),
      damaged: (error) => this.#imageDamaged(error.message),
      failed,
      step: (message) => this.#step([message]),
      wake,
    });
    this.#disk = new DiskGuard({
      clock,
      nodeLog,
      vitals: () =>
        ports.vitals?.() ?? {
          memoryUsedBytes: null,
          memoryLimitBytes: null,
          diskFreeBytes: null,
          diskBytes: null,
        },
      reserveBytes: options.diskReserveBytes,
    });
    this.#handOver = new HandOver({ raft, clock, nodeLog, wake });
    this.#membership = new Membership({
      self,
      raft,
      clock,
      nodeLog,
      members: () => state.members,
      configured: options.members,
      isAlive: (id) => this.#isAlive(id),
      isConnected: (id) => this.#connections.isConnected(id),
      trouble: (id) => this.#troubleOf(id),
      published: (id) => this.#succession.factsOf(id) ?? this.#publishedBeyond(id),
      dial: (peers) => {
        this.#connections.dialled(peers);
        transport.setPeers(peers);
      },
      wake,
      changed: () => this.#membersChanged(),
      removed: () => this.#removed(),
    });
    this.#tiers = new TierMover({
      clock,
      members: () => this.#membership.list(),
      request: (request) => this.#membership.request(request),
    });
    this.#links = new LinkKeeper({
      clock,
      targets: () => this.#membership.list().filter((member) => member.id !== self && member.tier === 'hot'),
      roundTripMs: (id) => transport.roundTripMs(id),
      bytesPerSecond: (id) => transport.bytesPerSecond?.(id) ?? null,
      probe: ports.linkProbe ?? null,
      busy: () => this.#stopping || !this.#proposals.idle || (this.#ticker?.lagMs ?? 0) > busyLagMs,
    });
    this.#observation = new Observation({
      self,
      members: () => this.#membership.list(),
      hot: (id) => this.#succession.view(id),
      beyond: (id) => this.#replicas.of(id),
      isConnected: (id) => this.#connections.isConnected(id),
      ownLinks: () => this.#links.links,
      last: () => raft.status.last.index,
      score,
    });
    this.#tierKeeper = new TierKeeper({
      clock,
      nodeLog,
      policy: options.tiers ?? defaultTierPolicy,
      observe: () =>
        raft.status.role === 'leader' && this.#isOpen() && !this.#stopping
          ? this.#observation.observe()
          : null,
      changes: () => this.#tiers,
    });
    this.#driver = new Driver({
      raft,
      log: store.log,
      clock,
      transport,
      proposals: this.#proposals,
      reads: this.#reads,
      apply: (entries) => {
        const taken = this.#applier.apply(entries);
        if (taken === 0) return 0;
        if (state.whole) this.#quota.look();
        this.#mayOpen(present(entries[taken - 1], 'entries were applied').index);
        return taken;
      },
      roleChanged: (soft) => this.#roleChanged(soft),
      configurationAppended: (entry) => this.#membership.appended(entry),
      sendSnapshot: (to) => this.#snapshots.send(to),
      lostPeer: (peer) => this.#guarding(this.#guard.lost(peer)),
      install: ({ point }) => this.#snapshots.install(point),
      roomOnDisk: () => this.#waitForRoom(),
      logDamaged: (error, through) => this.#logRepair.damaged(error.message, through),
      failed,
    });
    const isOpen = (): boolean => this.#isOpen();
    const propose = (command: Command, done: () => void): void => this.#proposeOwn(command, done);
    this.#quota = new Quota({ self, state, quotaBytes: options.quotaBytes ?? 0, isOpen, propose });
    this.#compaction = new AutoCompaction({
      options: options.compaction ?? { mode: 'off', keep: 0 },
      state,
      nowMs: () => this.#clusterClock.now(),
      isOpen,
      propose,
    });
    this.#routing = this.#currentRouting();
    if (this.#logDoubt !== null && mutant.active !== 'rescued-log-votes') raft.setDoubted(true);
    if (store.imageDoubt !== null) this.#quarantine(store.imageDoubt);
  }

  /** Listens to peers and takes part. */
  async start(): Promise<void> {
    const { clock, nodeLog } = this.#ports;
    await this.#transport.start();
    for (const entry of this.#store.log.image.tail)
      if (entry.kind === 'configuration' && entry.index > this.state.applied.index)
        this.#membership.appended(entry);
    this.#membership.refresh();
    this.#started = true;
    this.#monitor.follow();
    this.#ticker = new Ticker({
      clock,
      tickMs: this.#options.tickMs,
      stallMs,
      tick: () => this.#tick(),
      stalled: (gapMs) => this.#stalled(gapMs),
    });
    this.#scrubber.start();
    if (this.#logDoubt !== null) nodeLog.error('doubted', { reason: this.#logDoubt });
    nodeLog.info('started', {
      id: this.#options.id,
      term: this.#raft.status.term,
      applied: this.#raft.status.applied,
    });
    this.#driver.wake();
  }

  /** Hands leadership over if it has it, but not where it is told to stop at once; then stops. Nothing acknowledged depends on it. */
  async stop(handsOver = true): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const { nodeLog } = this.#ports;
    nodeLog.info('stopping');
    if (handsOver && this.#raft.status.role === 'leader') await this.#handOver.to(null).catch(() => {});
    await this.#close();
    // While a snapshot is taken over the image is ahead of the state, or whole as it is; what is wrong is not stored.
    if (!this.#restoring && this.#doubt === null)
      await this.#keeper
        .settle()
        .catch((error: unknown) => nodeLog.error('failed', { error: String(error) }));
    await this.#store.image.close();
    await this.#store.log.close();
    nodeLog.info('stopped');
  }

  /** Called once if the node has to stop itself: a failed disk or a broken invariant. */
  onFailure(listener: (error: Error) => void): void {
    this.#failureListeners.add(listener);
  }

  /** Which commands of a batch can be refused before they reach the log, by position; null: none. */
  validate(commands: readonly Command[]): ReadonlyMap<number, FailedResult> | null {
    let invalid: Map<number, FailedResult> | null = null;
    for (let i = 0; i < commands.length; i++) {
      const command = commands[i];
      const failure = command === undefined ? null : validateCommand(command, this.#options.requestLimits);
      if (failure !== null) {
        invalid ??= new Map();
        invalid.set(i, failure);
      }
    }
    return invalid;
  }

  get id(): NodeId {
    return this.#options.id;
  }

  /** Not where its machine is of another tier at present; as what it serves. */
  get tier(): 'hot' {
    return 'hot';
  }

  /** Only replicas beyond the quorum have something to say here. */
  replication(): null {
    return null;
  }

  get requestLimits(): RequestLimits {
    return this.#options.requestLimits;
  }

  /** Something will be submitted at the end of this turn: the driver then looks at once, not a turn later. */
  expect(): void {
    if (!this.#stopped) this.#driver.wake();
  }

  submit(proposal: Proposal): void {
    if (this.#stopping) {
      proposal.settle(refused('stopping', 'this node stops; ask another'));
    } else if (this.#raft.status.role !== 'leader') {
      this.#park(proposal);
    } else if (this.#disk.full) {
      proposal.settle(
        refused('disk-full', 'the disk is nearly full: writes are refused until there is room; reads go on'),
      );
    } else {
      this.#proposals.add(proposal);
      this.#driver.wake();
    }
  }

  /**
   * Renews a lease, together with what others ask for meanwhile; `done` hears its full time-to-live in ms once that is committed, 0 where
   * there is no such lease, or why it failed: `not-leader`, `no-leader`, `overloaded`, `disk-full`, `stopping`. Repeating it is harmless.
   */
  keepAlive(id: LeaseId, done: RenewalDone): void {
    this.#renewals.renew(id, done);
  }

  /**
   * Where nobody leads, or where this node is the one to take over, the next leader is likely to be found in a moment. That a client turns
   * here, and not to the leader, makes an heir look at its leader; it believes nobody but its own eyes.
   */
  #park(proposal: Proposal): void {
    const { id, leader, succession } = this.#raft.status;
    const mayLead = leader === null || succession.find((heir) => heir !== leader) === id;
    if (!mayLead) {
      proposal.settle(notLeader());
      return;
    }
    const { holdMs, electionMs } = this.#options;
    const waitMs = leader === null ? electionMs : Math.max(holdMs, this.#options.suspicion.probeMs);
    this.#parked.add(proposal, this.#ports.clock.nowMs() + waitMs);
    if (leader !== null) this.#monitor.questioned();
  }

  /** In ms of cluster time as this node knows it; null: there is no such lease. Below 0: it is about to end. */
  leaseRemainingMs(id: LeaseId): number | null {
    const deadlineMs = this.state.leaseDeadlineMs(id);
    return deadlineMs === null ? null : deadlineMs - this.#clusterClock.now();
  }

  /** `ageMs`: of a serializable read, since this replica last heard a leader. */
  read(
    request: RangeRequest,
    consistency: 'linearizable' | 'serializable',
    done: (outcome: ReadOutcome, ageMs: number) => void,
  ): void {
    if (this.#stopped) {
      done(stops(), 0);
      return;
    }
    const problem = this.#notServing();
    if (problem !== null) {
      done(problem, 0);
      return;
    }
    if (this.#reads.waiting >= 65_536) {
      done(new TanistError('overloaded', 'too many reads are waiting to be served; try again'), 0);
      return;
    }
    const refuse = (): void =>
      done(
        this.#stopped ? stops() : new TanistError('no-leader', 'no leader confirmed the read; try again'),
        0,
      );
    if (consistency === 'linearizable') {
      this.#reads.add({ serve: () => this.#serve(request, 0, done), refuse });
      this.#driver.wake();
      return;
    }
    const serve = (): void =>
      this.#serve(request, this.#raft.status.role === 'leader' ? 0 : this.#monitor.silentMs(), done);
    this.#reads.addConfirmed({ serve, refuse });
  }

  watch(request: WatchRequest, sink: WatchSink): WatchHandle {
    const problem = this.#notServing();
    if (problem === null || problem.code === 'starting') return this.#hub.watch(request, sink);
    const { clock } = this.#ports;
    let ended = false;
    clock.soon(() => {
      if (!ended) sink.ended({ kind: 'failed', code: problem.code, message: problem.message });
      ended = true;
    });
    return {
      cancel: () => {
        ended = true;
      },
      resume: () => {},
      requestProgress: () => {},
    };
  }

  /** The state, in a turn in which it is whole: what is read of it before anything is awaited is of one moment. */
  async wholeState(): Promise<StateMachine> {
    while (!this.state.whole && !this.#stopped) await this.#yieldTurn();
    return this.state;
  }

  /**
   * Fills in what transactions read at older revisions. Never fails as a whole: where something cannot be read, or a snapshot replaced history
   * meanwhile, that transaction's result alone is `indeterminate` and says that it was applied.
   */
  complete(results: readonly CommandResult[]): Promise<readonly CommandResult[]> {
    const replaced = this.#replaced;
    return completeResults(results, async (request) => {
      if (this.#stopped) throw stops();
      if (this.#restoring) throw takingOver();
      try {
        const range = await this.#ranges.read(request);
        if (replaced === this.#replaced) return range;
      } catch (error) {
        if (replaced === this.#replaced) throw this.#readFailure(error);
      }
      throw takingOver();
    });
  }

  routing(): Routing {
    return this.#routing;
  }

  /** Tells of every change of leader or succession. Returns how to stop it. */
  onRouting(listener: (routing: Routing) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when the new leader is known. Errors: `not-leader`, `unknown-member`, `transfer-failed`. */
  async transfer(to: NodeId | null): Promise<{ readonly leader: NodeId; readonly term: Term }> {
    return this.#handOver.to(to);
  }

  /**
   * Begins a change of who votes and who learns; in force from the moment it is in the log, done when it is committed. Errors: `not-leader`,
   * `unknown-member`, `invalid-argument`, `configuration-change-pending`.
   */
  changeMembers(voters: readonly NodeId[], learners: readonly NodeId[]): void {
    const all = [...voters, ...learners];
    const members = this.#membership.list();
    const unknown = all.find((id) => members.every((member) => member.id !== id));
    if (unknown !== undefined)
      throw new TanistError('unknown-member', `${unknown} is no member of this cluster`);
    if (voters.length === 0 || new Set(all).size !== all.length)
      throw new TanistError('invalid-argument', 'a cluster needs a voter, and each member is named once');
    const result = this.#raft.proposeConfiguration({ voters, learners });
    this.#driver.wake();
    if (result.accepted) return;
    if (result.reason === 'not-leader')
      throw new TanistError('not-leader', 'this node does not lead; ask the leader');
    const message = 'another change or a hand-over is under way; try again when it is over';
    throw new TanistError('configuration-change-pending', message);
  }

  /**
   * A copy of the state as this node has applied it, in the format of node/backup/. Errors: `starting` (a snapshot is being taken over, or nothing
   * was applied yet), `unavailable` (the image was replaced meanwhile).
   */
  async *backup(): AsyncGenerator<Uint8Array> {
    if (this.#stopped) throw stops();
    const problem = this.#notServing();
    if (problem !== null) throw problem;
    if (this.state.applied.index === 0)
      throw new TanistError('starting', 'this node has no state yet; ask another, or try again');
    const replaced = this.#replaced;
    const { image } = this.#store;
    try {
      yield* backupOf({
        identity: this.identity,
        image,
        random: this.#ports.random.fork(`backup ${this.#backups++} ${this.identity.incarnation}`),
        settle: () => this.#settle(),
      });
    } catch (error) {
      if (error instanceof TanistError && error.code === 'data-damaged') this.#imageDamaged(error.message);
      if (replaced === this.#replaced) throw error;
      throw new TanistError('unavailable', 'the state was replaced by a snapshot meanwhile; try again', {
        cause: error,
      });
    }
  }

  /** The whole image for another member. Errors: `starting`, `under-doubt`, `overloaded`, `stopping`. */
  async image(): Promise<OutgoingImage> {
    if (this.#stopped) throw stops();
    const problem = this.#notServing();
    if (problem !== null) throw problem;
    if (this.state.applied.index === 0)
      throw new TanistError('starting', 'this node has no state yet; ask another, or try again');
    return this.#images.open();
  }

  /** As this node has applied it. */
  members(): readonly MemberInfo[] {
    return this.#membership.list();
  }

  /**
   * Adds, promotes, removes a member or changes what is known of it; resolves to the members after it, when it is committed. Errors: `not-leader`
   * and those of `planChange`; `configuration-change-pending`, indeterminate where it may still come about.
   */
  async changeMember(request: MemberRequest): Promise<readonly MemberInfo[]> {
    if (this.#stopped) throw stops();
    if (request.kind === 'tier') await this.#tiers.begin(request);
    else await this.#membership.request(request);
    return this.#membership.list();
  }

  /** How members move between tiers; on the leader. */
  get tierChanges(): TierChanges {
    return this.#tiers;
  }

  member(id: NodeId): MemberView {
    return this.#succession.view(id);
  }

  /** What is known of a replica beyond the quorum: on the leader of all, elsewhere of those fed here. Null: nothing. */
  replica(id: NodeId): ReplicaView | null {
    return this.#replicas.of(id);
  }

  /** A member by all that this node knows of it, whatever its tier; null: no such member. */
  weigh(id: NodeId): Weighed | null {
    return this.#observation.weigh(id);
  }

  /** Which members should be of which tier, and why; null where this node does not lead. */
  tiers(): TiersView | null {
    const outlook = this.#tierKeeper.outlook();
    return outlook === null ? null : { outlook, members: this.#observation.all() };
  }

  /** Ms since this node heard its leader; 0 on the leader. */
  silentMs(): number {
    return this.#raft.status.role === 'leader' ? 0 : this.#monitor.silentMs();
  }

  bootCounterOf(id: NodeId): number {
    if (id === this.#options.id) return this.identity.bootCounter;
    return this.#guard.identityOf(id)?.bootCounter ?? 0;
  }

  inspect(): NodeInspection {
    const { state } = this;
    return {
      raft: this.#raft.status,
      applied: state.applied.index,
      clusterTimeMs: state.timeMs,
      spaces: {
        user: this.#inspectSpace('user'),
        planes: this.#inspectSpace('planes'),
        system: this.#inspectSpace('system'),
        predicted: this.#inspectSpace('predicted'),
      },
      sessions: state.sessionCount,
      leases: state.leaseCount,
      doubtedPeers: this.#guard.doubted,
      restoring: this.#restoring,
      doubt: this.#doubt,
      logDoubt: this.#logDoubt,
      rebuilds: this.#rebuilds,
      scrub: this.#scrubber.status,
      applying: !state.whole,
      open: this.#isOpen(),
      alarms: state.alarms(),
      liveBytes: state.liveBytes,
    };
  }

  /** Reads plain numbers; only the size of the image is asked of the disk. */
  async gauges(): Promise<NodeGauges> {
    const transport = this.#transport;
    const peers = this.#options.members.filter(({ id }) => id !== this.#options.id);
    return {
      commandsWaiting: this.#proposals.commandsWaiting,
      commandsFailed: this.#proposals.commandsFailed,
      readsWaiting: this.#reads.waiting,
      watchers: this.#hub.count,
      logBytes: this.#store.log.sizeBytes(),
      imageBytes: this.#stopped || this.#notWhole() !== null ? 0 : await this.#store.image.sizeBytes(),
      loopLagMs: this.#ticker?.lagMs ?? 0,
      logSyncs: this.#driver.syncs,
      roundTrips: new Map(
        peers.flatMap(({ id }) => {
          const times = transport.roundTrips?.(id) ?? null;
          return times === null ? [] : [[id, times] as const];
        }),
      ),
    };
  }

  #inspectSpace(space: Space): NodeInspection['spaces'][Space] {
    const { state } = this;
    return {
      revision: state.revision(space),
      compacted: state.compacted(space),
      keys: state.keyCount(space),
      digest: state.digest(space),
    };
  }

  #handler(): TransportHandler<RaftMessage> {
    return {
      hello: async (peer, identity, clusterId, address) => {
        if (this.#membership.isRemoved(peer)) throw new TanistError('member-removed', removedText(peer));
        this.#refuseSecond(peer, identity);
        await this.#guard.hello(peer, identity, clusterId);
        this.#membership.met(peer, address);
      },
      // Only who has applied the removal says so, and it is for ever.
      rejected: (_peer, detail) => {
        if (detail === removedText(this.#options.id)) this.#removed();
      },
      received: (from, messages) => this.#received(from, messages),
      connected: (peer, { storeId }) => {
        this.#ports.nodeLog.info('peer-connected', { peer });
        this.#connections.connected(peer, storeId);
        this.#succession.connected(peer);
        this.#raft.peerReset(peer);
        this.#driver.wake();
      },
      disconnected: (peer, reason) => {
        this.#ports.nodeLog.info('peer-disconnected', { peer, reason });
        this.#connections.disconnected(peer);
        this.#monitor.disconnected(peer, reason);
        this.#guarding(this.#guard.disconnected(peer));
      },
      probed: () => this.#probed(),
      snapshot: (from, incoming) => this.#snapshots.receive(from, incoming),
    };
  }

  #isAlive(id: NodeId): boolean {
    if (id === this.#options.id) return true;
    const { silentMs, patienceMs, doubt } = this.#succession.view(id).measurements;
    return doubt === null && silentMs < Math.max(patienceMs, aliveMs);
  }

  /** What keeps a member from being promoted. */
  #troubleOf(id: NodeId): string | null {
    if (this.state.isCorrupt(id)) return 'its state differs from that of others, alarm corrupt';
    // The report of a replica that runs as a hot node meanwhile is of before.
    if (this.#connections.isConnected(id)) return this.#succession.view(id).measurements.doubt;
    return this.#replicas.of(id)?.report.trouble ?? null;
  }

  /** Only a word of late: an operator may have said otherwise since. */
  #publishedBeyond(id: NodeId): MemberFacts | null {
    const replica = this.#replicas.of(id);
    return replica?.reachable === true ? replica.report.facts : null;
  }

  #membersChanged(): void {
    this.#monitor.votersChanged();
    this.#followers.membersChanged();
    if (this.#started) this.#announce();
  }

  /** It stops, but not before it has told others what they must know: a leader leaves office when its removal is committed. */
  #removed(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    const { nodeLog, clock } = this.#ports;
    nodeLog.warn('member-removed', { member: this.#options.id });
    clock.after(this.#options.electionMs, () => {
      const error = new TanistError('member-removed', removedText(this.#options.id));
      this.stop().then(
        () => this.#tellFailure(error),
        () => this.#tellFailure(error),
      );
    });
  }

  #tellFailure(error: Error): void {
    for (const listener of this.#failureListeners) listener(error);
  }

  /**
   * A second process under the id of a peer that is alive, on a folder of its own, is a mistake. Once the peer is disconnected (followers have
   * nothing to say to each other, so silence alone means nothing) and has been silent for as long as is suspicious, the other store takes its
   * place: then its disk was replaced.
   */
  #refuseSecond(peer: NodeId, { storeId }: PeerIdentity): void {
    const known = this.#guard.identityOf(peer);
    if (known === null || known.storeId === storeId || this.#guard.doubted.has(peer)) return;
    const { silentMs, patienceMs } = this.#succession.view(peer).measurements;
    if (this.#connections.runsOnAnother(peer, storeId) || silentMs < patienceMs)
      throw new TanistError(
        'duplicate-node',
        `another process is alive as ${peer}, on another data folder: every node needs an id of its own`,
      );
  }

  #received(from: NodeId, messages: readonly RaftMessage[]): void {
    if (this.#stopped) return;
    this.#monitor.heard(messages);
    this.#hearOfPeers(messages);
    this.#succession.heard(from, messages);
    this.#hearOfIntegrity(from, messages);
    this.#step(messages);
    this.#driver.wake();
  }

  #step(messages: readonly RaftMessage[]): void {
    try {
      for (const message of messages) this.#raft.step(message);
    } catch (error) {
      this.#failedWith(asError(error));
    }
  }

  #hearOfPeers(messages: readonly RaftMessage[]): void {
    for (const message of messages) {
      if (message.type !== 'heartbeat' || message.term !== this.#raft.status.term) continue;
      this.#guarding(this.#guard.leaderSays(message.context));
      this.#integrity.leaderSays(message.context);
      this.#leaderRevisions = parseLeaderRevisions(message.context) ?? this.#leaderRevisions;
    }
  }

  #hearOfIntegrity(from: NodeId, messages: readonly RaftMessage[]): void {
    if (this.#raft.status.role !== 'leader') return;
    if (!messages.some(({ type }) => type === 'heartbeatReply')) return;
    const report = this.#succession.reportOf(from)?.integrity ?? null;
    this.#integrity.heard(from, report);
    if (report !== null && report.doubt !== null) this.#integrity.waits(from);
  }

  /** A log that fails says so by itself, and a closed one is no failure. */
  #guarding(act: Promise<void>): void {
    act.catch((error: unknown) => {
      if (!(error instanceof TanistError)) this.#failedWith(asError(error));
    });
  }

  #probed(): ProbeAnswer {
    const { term, leader, role } = this.#raft.status;
    return {
      id: this.#options.id,
      identity: presentedOf(this.identity),
      term,
      leader,
      leaderHeardMs: role === 'leader' || leader === null ? null : this.#monitor.silentMs(),
    };
  }

  #tick(): void {
    this.#raft.tick();
    this.#parked.refuseOverdue(this.#ports.clock.nowMs(), this.#raft.status.leader);
    this.#integrity.tick();
    if (this.#raft.status.role === 'leader') this.#lead();
    if (this.#notWhole() === null) {
      this.#compaction.look();
      this.#membership.look();
      this.#lookAtTiers();
    }
    this.#announce();
    if (this.state.whole && !this.#restoring) this.state.sweep();
    this.#driver.wake();
  }

  #lookAtTiers(): void {
    const nowMs = this.#ports.clock.nowMs();
    if (nowMs - this.#tiersAtMs < tiersEveryMs) return;
    this.#tiersAtMs = nowMs;
    this.#links.look();
    this.#tierKeeper.look();
  }

  #lead(): void {
    const nowMs = this.#ports.clock.nowMs();
    if (nowMs - this.#rankedAtMs >= rankEveryMs) {
      this.#rankedAtMs = nowMs;
      this.#succession.rank();
      this.#guarding(this.#trust.look());
      if (this.#isOpen()) {
        this.#membership.tend();
        this.#tiers.look();
      }
      this.#leaveFullDisk(nowMs);
    }
    if (this.#isTimeDue() && this.#proposals.idle) {
      this.#proposeOwn(null, () => {});
    }
  }

  /** A command of the node's own, or an empty block. */
  #proposeOwn(command: Command | null, done: () => void): void {
    const batch = command === null ? emptyBatch : { ...emptyBatch, commands: [command] };
    this.#proposals.add({ bytes: encodeCommandBatch(batch), batch, settle: done, early: null });
    this.#driver.wake();
  }

  #isOpen(): boolean {
    return this.#opensAt !== null && this.state.applied.index >= this.#opensAt.index;
  }

  /** A leader that refuses writes for want of room makes way for an heir that has it; where nobody has, it serves reads. */
  #leaveFullDisk(nowMs: number): void {
    if (this.#disk.fullForMs < fullDiskMs || nowMs < this.#leavesAgainMs) return;
    const heir = this.#raft.status.succession.find((id) => {
      const { report } = this.#succession.view(id);
      return report !== null && report.diskFree > 0;
    });
    if (heir === undefined) return;
    this.#leavesAgainMs = nowMs + fullDiskMs;
    this.#handOver.to(heir).catch(() => {});
  }

  /** Something expires, or could: then cluster time must not stand still. */
  #isTimeDue(): boolean {
    const { nextDeadlineMs, timeMs } = this.state;
    if (nextDeadlineMs === null) return false;
    const nowMs = this.#clusterClock.now();
    return nextDeadlineMs <= nowMs || nowMs - timeMs >= timeEveryMs;
  }

  #stalled(gapMs: number): void {
    this.#monitor.stalled(gapMs);
    this.#succession.stalled(gapMs);
    if (gapMs > 100) this.#ports.nodeLog.warn('loop-stalled', { gapMs: Math.round(gapMs) });
  }

  #roleChanged(soft: SoftState): void {
    const { nodeLog } = this.#ports;
    const fields = { term: soft.term, leader: soft.leader };
    this.#clusterClock.leads(soft.role === 'leader' ? soft.term : null);
    if (soft.role === 'leader') {
      if (this.#routing.leader !== this.#options.id) nodeLog.info('elected', fields);
      this.#opensAt = { term: soft.term, index: this.#raft.status.last.index };
      for (const proposal of this.#parked.take()) this.submit(proposal);
    } else {
      if (this.#opensAt !== null) {
        nodeLog.info('stepped-down', fields);
        this.#proposals.abandon('not-leader', 'leadership was lost before the quorum answered');
        this.#renewals.flush();
        this.#tiers.abandon(
          new TanistError(
            'not-leader',
            'leadership was lost meanwhile; the change goes on at the next leader',
          ),
        );
      }
      this.#opensAt = null;
      if (soft.leader !== null)
        this.#parked.refuse(
          'not-leader',
          `${soft.leader} was elected while the write waited here; nothing of it was proposed: ask ${soft.leader}`,
        );
      if (soft.role === 'follower' && soft.leader !== null) nodeLog.info('follows', fields);
      else if (soft.role !== 'follower')
        nodeLog.info('vote-requested', { term: soft.term, phase: soft.role });
    }
    if (soft.leader === null || soft.role === 'leader') this.#reads.abandonUnconfirmed();
    this.#monitor.follow();
    this.#handOver.roleChanged(soft);
    this.#announce();
  }

  #mayOpen(applied: LogIndex): void {
    if (this.#opensAt === null || applied < this.#opensAt.index) return;
    if (this.#opensAt.index > 0) {
      this.#ports.nodeLog.info('opened', { term: this.#opensAt.term });
      this.#opensAt = { term: this.#opensAt.term, index: 0 as LogIndex };
    }
  }

  #serve(request: RangeRequest, ageMs: number, done: (outcome: ReadOutcome, ageMs: number) => void): void {
    const problem = this.#notServing();
    if (problem !== null) {
      done(problem, ageMs);
      return;
    }
    const told = (answer: RangeResult | FailedResult): void =>
      done(answer.kind === 'failed' ? new TanistError(answer.code, answer.message) : answer, ageMs);
    const answer = this.#ranges.read(request);
    if (!(answer instanceof Promise)) {
      told(answer);
      return;
    }
    const replaced = this.#replaced;
    answer.then(
      (completed) =>
        replaced === this.#replaced ? told(completed) : done(this.#notServing() ?? takingOver(), ageMs),
      (error: unknown) => {
        if (error instanceof TanistError && error.code === 'data-damaged') this.#imageDamaged(error.message);
        done(
          replaced !== this.#replaced ? (this.#notServing() ?? takingOver()) : this.#readFailure(error),
          ageMs,
        );
      },
    );
  }

  #readFailure(error: unknown): TanistError {
    if (error instanceof TanistError && error.code === 'overloaded') return error;
    this.#ports.nodeLog.error('read-failed', { error: String(error) });
    return new TanistError('unavailable', 'history could not be read on this node; ask another');
  }

  /**
   * The disk refused what Raft must store. Who cannot store can neither lead nor win or grant an election; another may. Without another
   * voter reads at least go on here.
   */
  async #waitForRoom(): Promise<void> {
    const { voters, outgoing } = this.#raft.status.configuration;
    if (voters.length === 1 && outgoing.length === 0) return this.#disk.room();
    this.#raft.stepDown();
    this.#raft.setDoubted(true);
    this.#noRoom = true;
    this.#driver.wake();
    await this.#disk.room();
    this.#noRoom = false;
    this.#raft.setDoubted(this.#logDoubt !== null);
  }

  /** The state can be looked at, or why it can't. */
  #notWhole(): TanistError | null {
    if (this.#doubt !== null) return underDoubt(this.#doubt);
    return this.#restoring ? takingOver() : null;
  }

  /** Promise 6: who doubts its state, or whose state is in dispute, serves nothing. Who alone votes has nobody to differ from. */
  #notServing(): TanistError | null {
    const problem = this.#notWhole();
    if (problem !== null)
      return problem.code === 'under-doubt' && mutant.active === 'quarantined-serves' ? null : problem;
    if (!this.state.isCorrupt(this.#options.id) || this.#isAlone()) return null;
    return underDoubt(
      'replicas differ and no majority agrees (alarm corrupt); an operator decides, see tanist status',
    );
  }

  #isAlone(): boolean {
    const { voters, outgoing } = this.#raft.status.configuration;
    return outgoing.length === 0 && voters.length === 1 && voters[0] === this.#options.id;
  }

  /**
   * The state is not what it should be: this replica goes on voting and storing entries, but serves nothing, and does not lead. The leader sends
   * it an image.
   */
  #quarantine(reason: string): void {
    if (this.#doubt !== null || this.#restoring || this.#stopping) return;
    const { nodeLog } = this.#ports;
    nodeLog.error('quarantined', { reason });
    if (this.#raft.status.role === 'leader') this.#succession.rank();
    this.#doubt = reason;
    this.#replaced += 1;
    this.#raft.setPassive(true);
    this.#driver.withhold();
    const { code, message } = underDoubt(reason);
    this.#hub.endAll({ kind: 'failed', code, message });
    this.#followers.ended();
    this.#hub.suspend();
    this.#keeper.pause().catch(() => {});
    this.#driver.wake();
  }

  /** What the disk holds of the image is not what was written. */
  #imageDamaged(what: string): void {
    if (this.#notWhole() !== null || this.#stopping) return;
    this.#ports.nodeLog.error('damage-found', { part: 'image', what });
    if (!this.#isAlone()) {
      this.#quarantine(`its image is damaged: ${what}`);
      return;
    }
    // Nobody can send another one. What memory has is right, and goes on being read.
    const id = this.#options.id;
    if (this.#isOpen() && !this.state.isCorrupt(id))
      this.#proposeOwn({ kind: 'alarm', action: 'activate', member: id, alarm: 'corrupt' }, () => {});
  }

  /** A store that cannot go on stops the node, but an image that is damaged is replaced. */
  #storageFailed(error: Error): void {
    if (error instanceof TanistError && error.code === 'data-damaged') this.#imageDamaged(error.message);
    else this.#failedWith(error);
  }

  /** The leader has brought this log up to date. */
  #trusted(): void {
    if (this.#logDoubt === null) return;
    this.#logDoubt = null;
    this.#ports.nodeLog.info('rebuilt', { part: 'log', index: this.#raft.status.last.index });
    this.#guarding(this.#store.log.clearDoubt());
    this.#raft.setDoubted(this.#noRoom);
  }

  /** For what is read of `state` directly. Errors: `under-doubt`, `starting`. */
  checkServes(): void {
    const problem = this.#notServing();
    if (problem !== null) throw problem;
  }

  /** Reads all that is stored, now, and says what is wrong. Errors: `stopping`. */
  async scrub(): Promise<readonly string[]> {
    if (this.#stopped) throw stops();
    return this.#scrubber.now();
  }

  /** An operator says, on the leader, that the state of this replica is wrong: it is made anew. Errors: `not-leader`, `unknown-member`. */
  repair(id: NodeId): void {
    if (this.#raft.status.role !== 'leader')
      throw new TanistError('not-leader', 'this node does not lead; ask the leader');
    if (!this.#integrity.condemn(id))
      throw new TanistError(
        'unknown-member',
        `${id} has not been heard of by this leader; start it, then try again`,
      );
  }

  #replicaFeed(history: HistoryStore): ReplicaFeed {
    const { state } = this;
    const { clock, nodeLog } = this.#ports;
    const turns = new TurnQueue(clock, () => state.whole);
    return {
      id: this.#options.id,
      clock,
      nodeLog,
      state,
      history,
      listen: (listener) => this.#followers.add(listener),
      lineage: () => ({ clusterId: this.identity.clusterId, epoch: state.epoch }),
      refusal: () => this.#feedRefusal(),
      members: () => this.#membership.list(),
      leaderRevisions: () => furthest(revisionsOf(state), this.#leaderRevisions),
      nextTurn: () => turns.next(),
      reported: (report) => this.#replicas.reported(report),
    };
  }

  #feedRefusal(): TanistError | null {
    if (this.#stopping) return stops();
    const problem = this.#notServing();
    if (problem !== null) return problem;
    if (this.#guard.doubted.has(this.#options.id))
      return new TanistError('under-doubt', 'this node is not trusted at present; ask another');
    if (this.state.applied.index === 0)
      return new TanistError('starting', 'this node has no state yet; ask another, or try again');
    return null;
  }

  /** Everything that has been applied is in the image; an entry under way, too, when it is whole. */
  async #settle(): Promise<void> {
    while (!this.state.whole && !this.#stopped && !this.#restoring) await this.#yieldTurn();
    await this.#keeper.settle();
  }

  async #suspend(): Promise<void> {
    this.#restoring = true;
    this.#followers.ended();
    this.#replaced += 1;
    this.#hub.suspend();
    await this.#keeper.pause();
  }

  async #reload(): Promise<void> {
    this.#keeper.reset();
    this.#applier.reset();
    const loaded = present(await this.#store.image.load(), 'a snapshot was just installed');
    await this.state.restore(loaded, () => this.#yieldTurn());
    this.#integrity.replaced();
    this.#clusterClock.saw(this.state.timeMs, this.state.applied.term);
  }

  #yieldTurn(): Promise<void> {
    return new Promise<void>((resolve) => this.#ports.clock.soon(resolve));
  }

  /** Resolves in a turn in which the state is whole, at the earliest the next one. */
  async #wholeTurn(): Promise<void> {
    do await this.#yieldTurn();
    while (!this.state.whole && !this.#stopped);
  }

  #resume(): void {
    this.#restoring = false;
    if (this.#doubt !== null) {
      this.#doubt = null;
      this.#rebuilds += 1;
      this.#raft.setPassive(false);
      this.#ports.nodeLog.info('rebuilt', { part: 'image', index: this.state.applied.index });
    }
    this.#membership.refresh();
    this.#hub.resume();
    this.#keeper.resume();
  }

  #report(): SelfReport {
    const vitals = this.#ports.vitals?.() ?? null;
    const {
      memoryUsedBytes: used = null,
      memoryLimitBytes: limit = null,
      diskFreeBytes: free = null,
      diskBytes = null,
    } = vitals ?? {};
    return {
      loopLagMs: this.#ticker?.lagMs ?? 0,
      syncMs: this.#driver.syncMs,
      memoryUsed: used === null || limit === null ? 0 : used / limit,
      // Below the reserve there is none for writes.
      diskFree: this.#disk.full ? 0 : free === null || diskBytes === null ? 1 : free / diskBytes,
      applied: this.state.applied.index,
      revision: this.state.revision('user'),
      facts: this.#membership.publishing(),
      replicas: this.#replicas.fed(),
      links: this.#links.links,
      integrity: this.#integrity.report(),
    };
  }

  #currentRouting(): Routing {
    const { term, leader, succession } = this.#raft.status;
    return { term, leader, members: this.#membership.routed, succession };
  }

  #announce(): void {
    const leads = this.#raft.status.role === 'leader';
    this.#raft.setContext(
      leads
        ? this.#guard.view([revisionRow(this.state), ...verdictRows(this.#integrity.verdicts)])
        : encodeReport(this.#report()),
    );
    const before = this.#routing;
    const now = this.#currentRouting();
    const same =
      before.leader === now.leader &&
      before.term === now.term &&
      before.succession.length === now.succession.length &&
      before.succession.every((id, i) => id === now.succession[i]) &&
      sameMembers(before.members, now.members);
    if (same) return;
    this.#routing = now;
    for (const listener of this.#listeners) listener(now);
  }

  #failedWith(error: Error): void {
    if (this.#stopped) return;
    this.#ports.nodeLog.error('failed', { error: error.stack ?? String(error) });
    this.#stopping = true;
    this.#close().catch(() => {});
    this.#tellFailure(error);
  }

  async #close(): Promise<void> {
    this.#stopped = true;
    this.#followers.ended();
    this.#driver.stop();
    this.#ticker?.stop();
    this.#monitor.stop();
    this.#disk.stop();
    this.#proposals.abandon('stopping', 'the node stops');
    this.#membership.close();
    this.#tiers.abandon(new TanistError('stopping', 'the node stops; the change goes on at the next leader'));
    this.#parked.refuse('stopping', 'the node stops');
    this.#renewals.flush();
    this.#reads.close();
    await this.#transport.close();
    await this.#keeper.stop();
    await this.#scrubber.stop();
  }
}

export type { RenewalDone, RenewalOutcome } from './renewal-batcher.ts';

export type ReadOutcome = RangeResult | TanistError;

const emptyBatch: CommandBatch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands: [] };

/** What a removed node is told; the same words on all nodes, since it is known by them. */
export function removedText(id: NodeId): string {
  return `member was removed: ${id} is no member of this cluster any more, and its id is not used again`;
}

function sameMembers(left: readonly Member[], right: readonly Member[]): boolean {
  if (left === right) return true;
  return (
    left.length === right.length &&
    left.every((member, i) => {
      const other = right[i];
      return (
        other !== undefined &&
        member.id === other.id &&
        member.clientAddress === other.clientAddress &&
        member.peerAddress === other.peerAddress &&
        member.httpAddress === other.httpAddress &&
        member.tier === other.tier
      );
    })
  );
}

function notLeader(): ProposalOutcome {
  return refused('not-leader', 'this node does not lead; ask the leader');
}

function stops(): TanistError {
  return new TanistError('stopping', 'this node stops; ask another');
}

function underDoubt(reason: string): TanistError {
  return new TanistError('under-doubt', `this node serves nothing: ${reason}; ask another`);
}

function takingOver(): TanistError {
  return new TanistError('starting', 'this node takes a snapshot over; ask another, or try again');
}
