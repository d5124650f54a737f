import { defaultBeforeDeath } from '../failover/before-death/signals.ts';
import { present } from '../foundation/assert.ts';
import type { ByteString } from '../foundation/bytes.ts';
import { asError, TanistError } from '../foundation/errors.ts';
import type { LeaseId, NodeId, Term } from '../foundation/ids.ts';
import type { RequestLimits } from '../foundation/limits.ts';
import { mutant } from '../foundation/mutants.ts';
import { nextTurn } from '../ports/clock.ts';
import type { Command, Consistency, RangeRequest } from '../ports/command.ts';
import type { StoreIdentity } from '../ports/log-store.ts';
import type { MemberInfo, MemberRequest } from '../ports/membership.ts';
import type { Prediction } from '../ports/prediction.ts';
import type { CommandResult, FailedResult } from '../ports/result.ts';
import type { TierChanges } from '../ports/tier-changes.ts';
import type { Transport, TransportHandler } from '../ports/transport.ts';
import type { Routing } from '../protocol/routing.ts';
import type { RaftMessage } from '../raft/message.ts';
import type { Raft, RaftStatus } from '../raft/raft.ts';
import type { StateMachine } from '../state/state-machine.ts';
import { type WatchHandle, WatchHub, type WatchRequest, type WatchSink } from '../state/watch-hub.ts';
import type { RescuedStore } from '../storage/open-or-rescue.ts';
import type { OpenedStore } from '../storage/open-store.ts';
import { Announcer } from './announcer.ts';
import { Applier } from './applier.ts';
import { AutoCompaction } from './auto-compaction.ts';
import { BeforeDeath } from './before-death/before-death.ts';
import { VitalWatch } from './before-death/vital-watch.ts';
import { ClusterClock } from './cluster-clock.ts';
import { Copies } from './copies.ts';
import { DiskGuard } from './disk-guard.ts';
import { Driver } from './driver.ts';
import { Failures } from './failures.ts';
import type { NodeGauges } from './gauges.ts';
import { HandOver } from './hand-over.ts';
import type { OutgoingImage } from './image-outlet.ts';
import { Inspection, type NodeInspection } from './inspection.ts';
import { Integrity } from './integrity/integrity.ts';
import { LogDoubt } from './integrity/log-doubt.ts';
import { Quarantine } from './integrity/quarantine.ts';
import { Standing } from './integrity/standing.ts';
import { LeaderMonitor } from './leader-monitor.ts';
import { Leading } from './leading.ts';
import { Learning } from './learning/learning.ts';
import { defaultLearning } from './learning/learning-options.ts';
import { baseModelOf } from './learning/model-record.ts';
import type { Maintenance } from './maintenance.ts';
import { changeVoters } from './membership/change-voters.ts';
import { Membership } from './membership/membership.ts';
import { troubleOf } from './membership/trouble-of.ts';
import { Opening } from './opening.ts';
import type { NodeOptions, NodePorts } from './options.ts';
import { PeerConnections } from './peer-connections.ts';
import { PeerGuard } from './peer-guard.ts';
import { PeerHandler } from './peer-handler.ts';
import { UsageBook } from './prediction/behaviour/usage-book.ts';
import { firstOf } from './prediction/first-of.ts';
import { hotFeed } from './prediction/hot-feed.ts';
import { ModelComparison } from './prediction/model-comparison.ts';
import { saidOf } from './prediction/model-report.ts';
import { OnlinePrediction } from './prediction/online-prediction.ts';
import { defaultPredictionBudget } from './prediction/predictor.ts';
import { putIfMissing } from './prediction/put-if-missing.ts';
import { PredictionProposals, type PredictionsApplied } from './prediction-proposals.ts';
import type { Proposal } from './proposals.ts';
import { Quota } from './quota.ts';
import { RangeReader } from './range-reader.ts';
import { type ReadOutcome, ReadPath } from './read-path.ts';
import { ReadQueue } from './reads.ts';
import { leadsNot, removedText, stops, underDoubt } from './refusals.ts';
import type { RenewalDone } from './renewal-batcher.ts';
import { ReplicaBook, type ReplicaView } from './replica-book.ts';
import { FeedListeners, type ReplicaFeed } from './replica-feed.ts';
import { replicaFeedOf } from './replica-feed-of.ts';
import { type RoleChangeParts, roleChanged } from './role-change.ts';
import { Snapshots } from './snapshots.ts';
import { Stored } from './stored.ts';
import { type MemberView, SuccessionKeeper } from './succession-keeper.ts';
import { TakeOver } from './take-over.ts';
import { Ticker } from './ticker.ts';
import type { Weighed } from './topology/observe.ts';
import { Tiers, type TiersView } from './topology/tiers.ts';
import { TrustKeeper } from './trust.ts';
import type { Vitals } from './vitals.ts';
import { WritePath } from './write-path.ts';

export type {
  WatchedChange,
  WatchedChanges,
  WatchHandle,
  WatchRequest,
  WatchSink,
} from '../state/watch-hub.ts';

/** An event loop that stands still for longer than this says nothing about peers until its sockets are drained. */
const stallMs = 20;
/** An event loop that is later than this on average has no time for measurements. */
const busyLagMs = 5;

/**
 * One replica: Raft, state and storage behind the calls that the services make. Everything it touches comes in through `NodePorts`, so the
 * simulator runs this very code.
 */
export class TanistNode {
  readonly identity: StoreIdentity;
  readonly state: StateMachine;
  readonly #options: NodeOptions;
  readonly #ports: NodePorts;
  readonly #store: OpenedStore;
  readonly #raft: Raft;
  readonly #transport: Transport<RaftMessage>;
  readonly #hub: WatchHub;
  readonly #writes: WritePath;
  readonly #reads: ReadQueue;
  readonly #driver: Driver;
  readonly #applier: Applier;
  readonly #stored: Stored;
  readonly #guard: PeerGuard;
  readonly #monitor: LeaderMonitor;
  readonly #succession: SuccessionKeeper;
  readonly #snapshots: Snapshots;
  readonly #disk: DiskGuard;
  readonly #clusterClock: ClusterClock;
  readonly #handOver: HandOver;
  readonly #membership: Membership;
  readonly #tiers: Tiers;
  readonly #quota: Quota;
  readonly #compaction: AutoCompaction;
  readonly #followers = new FeedListeners();
  readonly #replicas: ReplicaBook;
  /** For whoever feeds replicas beyond the quorum from this node. */
  readonly feed: ReplicaFeed;
  /** Null: nothing is predicted here. */
  readonly prediction: OnlinePrediction | null;
  /** Null: nothing is learnt here. */
  readonly learning: Learning | null;
  readonly #integrity: Integrity;
  readonly #failures: Failures;
  #ticker: Ticker | null = null;
  readonly #connections = new PeerConnections();
  readonly #life = { isStopping: false, isStopped: false };
  readonly #standing: Standing;
  readonly #quarantine: Quarantine;
  readonly #takeOver: TakeOver;
  readonly #logDoubt: LogDoubt;
  readonly #opening: Opening;
  readonly #leading: Leading;
  readonly #beforeDeath: BeforeDeath;
  readonly #readPath: ReadPath;
  readonly #copies: Copies;
  readonly #peers: PeerHandler;
  readonly #announcer: Announcer;
  readonly #inspection: Inspection;
  readonly #predictions: PredictionProposals;
  readonly #roleParts: RoleChangeParts;
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
    this.#failures = new Failures({ nodeLog, life: this.#life, close: () => this.#close() });
    const wake = (): void => this.#driver.wake();
    const failed = (error: Error): void => this.#failures.failed(error);
    const guarding = (act: Promise<void>): void => this.#failures.guarding(act);
    const propose = (command: Command, done: () => void): void => this.#leading.propose(command, done);
    const imageDamaged = (what: string): void => this.#quarantine.imageDamaged(what);
    const loopLagMs = (): number => this.#ticker?.lagMs ?? 0;
    this.#clusterClock = new ClusterClock(clock);
    // Going on from the image's time: a restart of all replicas must not jump to the calendar.
    if (state.timeMs > 0) this.#clusterClock.saw(state.timeMs, state.applied.term);
    this.#standing = new Standing(options.id, raft, state, this.#life);
    this.#opening = new Opening(state, nodeLog);
    const isOpen = (): boolean => this.#opening.isOpen;
    const { suspicion, score, id: self } = options;
    const base = {
      options,
      self,
      raft,
      state,
      clock,
      nodeLog,
      log: store.log,
      image: store.image,
      identity: this.identity,
      life: this.#life,
      standing: this.#standing,
      opening: this.#opening,
      clusterClock: this.#clusterClock,
      connections: this.#connections,
      replicas: this.#replicas,
      followers: this.#followers,
      propose,
      imageDamaged,
      loopLagMs,
      guarding,
      failed,
      wake,
    };
    this.#guard = new PeerGuard({
      ...base,
      incarnation: store.log.identity.incarnation,
      trusted: () => this.#logDoubt.trusted(),
      clusterId: store.log.identity.clusterId,
      doubted: (peers) => raft.setDoubtedPeers(peers),
      forget: (peer) => raft.forgetPeer(peer),
      acknowledged: (peer) => raft.acknowledgedBy(peer),
    });
    raft.setDoubtedPeers(this.#guard.doubted);
    this.#transport = ports.transport(this.#handler(), store.log.identity);
    const transport = this.#transport;
    const saidOfModel = () => this.prediction?.said() ?? null;
    const comparison = new ModelComparison({
      self,
      clock,
      own: saidOfModel,
      others: () => [
        ...[...this.#succession.reports()].flatMap(([id, { model, integrity }]) =>
          model === null ? [] : [{ id, said: model, stateTrouble: integrity?.doubt ?? null }],
        ),
        ...this.#replicas.reports().flatMap(({ id, model, trouble }) => {
          const said = saidOf(model ?? null);
          return said === null ? [] : [{ id, said, stateTrouble: trouble }];
        }),
      ],
      ownTrouble: () => this.#standing.doubt,
    });
    const usages = new UsageBook({
      self,
      clock,
      own: () => (this.prediction?.asks === true ? (ports.usage?.() ?? null) : null),
      others: () =>
        [...this.#succession.reports()].flatMap(([id, { usage }]) => (usage == null ? [] : [{ id, usage }])),
      timeMs: () => this.prediction?.timeMs ?? Number.NaN,
    });
    this.#monitor = new LeaderMonitor({ ...base, transport, guard: this.#guard, suspicion });
    this.#succession = new SuccessionKeeper({
      ...base,
      transport,
      guard: this.#guard,
      suspicion,
      score,
      report: () => this.#announcer.report(),
      divergence: (id) => comparison.of(id),
      replicas: (reports) => this.#replicas.told(reports),
    });
    this.#disk = new DiskGuard({
      ...base,
      vitals: () =>
        ports.vitals?.() ?? {
          memoryUsedBytes: null,
          memoryLimitBytes: null,
          diskFreeBytes: null,
          diskBytes: null,
        },
      reserveBytes: options.diskReserveBytes,
    });
    this.#writes = new WritePath({ ...base, monitor: this.#monitor, disk: this.#disk });
    const mayRead = (): boolean => this.#standing.isReady() || mutant.active === 'read-half-applied';
    this.#reads = new ReadQueue(raft, clock, wake, mayRead);
    this.#integrity = new Integrity({
      ...base,
      incarnation: store.log.identity.incarnation,
      doubt: () => this.#standing.doubt,
      isWhole: () => this.#standing.notWhole() === null,
      counts: (id) => (id === options.id ? this.#logDoubt.reason === null : !this.#guard.doubted.has(id)),
      isOpen,
      quarantine: (reason) => this.#quarantine.enter(reason),
      sendImage: (to) => this.#snapshots.sendImage(to),
    });
    const history = state.history(store.image.history);
    const storageFailed = (error: Error): void => this.#quarantine.storageFailed(error);
    this.#stored = new Stored({ ...base, history, storageFailed });
    const ranges = new RangeReader(state, history, clock, mayRead);
    this.feed = replicaFeedOf({
      ...base,
      clusterId: this.identity.clusterId,
      history,
      guard: this.#guard,
      members: () => this.#membership.list(),
      saidByLeader: () => this.#peers.leaderRevisions,
      read: (request, consistency, done) => this.#readPath.read(request, consistency, done),
    });
    this.prediction =
      ports.predictor === undefined
        ? null
        : new OnlinePrediction({
            feed: hotFeed(this.feed, () => this.#life.isStopping),
            predictor: ports.predictor,
            budget: options.prediction ?? defaultPredictionBudget,
            ...(ports.usage === undefined ? {} : { usage: ports.usage }),
            members: () => usages.latest,
            models: {
              ...(ports.localModels === undefined ? {} : { local: ports.localModels }),
              publish: (key, value) => this.#publish(key, value),
            },
          });
    this.#hub = new WatchHub({
      source: state,
      history,
      failed: (cause) => storageFailed(asError(cause)),
      ...(options.watchers === undefined ? {} : { watchers: options.watchers }),
    });
    this.#applier = new Applier({
      ...base,
      hub: this.#hub,
      keeper: this.#stored.keeper,
      proposals: this.#writes.proposals,
      membersApplied: (entry, change) => this.#membership.applied(entry, change),
      feed: (deltas, leases) => this.#followers.applied(deltas, leases),
      observer: ports.observer,
      checkpoint: (index) => this.#integrity.applied(index),
      slicesPerTurn: options.slicesPerTurn ?? Number.POSITIVE_INFINITY,
    });
    this.#snapshots = new Snapshots({
      ...base,
      transport,
      settle: () => this.#stored.settle(),
      suspend: () => this.#takeOver.suspend(),
      room: () => this.#disk.room(),
      reload: () => this.#takeOver.reload(),
      resume: () => this.#takeOver.resume(),
      undone: () => this.#takeOver.undone(),
      waits: () => this.#standing.doubt !== null && !this.#life.isStopped,
      catchUp: async ({ index }) => {
        this.#stored.keeper.resume();
        await this.#driver.catchUp(index);
      },
      confirmed: (index, to) => this.#integrity.confirmed(index, to),
      damaged: (error) => imageDamaged(error.message),
      step: (message) => this.#peers.step([message]),
    });
    this.#handOver = new HandOver({ raft, clock, nodeLog, wake, options });
    this.#membership = new Membership({
      ...base,
      members: () => state.members,
      configured: options.members,
      isAlive: (id) => id === self || this.#succession.isAlive(id),
      isConnected: (id) => this.#connections.isConnected(id),
      trouble: (id) =>
        troubleOf(id, {
          state,
          connections: this.#connections,
          succession: this.#succession,
          replicas: this.#replicas,
        }),
      published: (id) => this.#succession.factsOf(id) ?? this.#replicas.publishedBy(id),
      dial: (peers) => {
        this.#connections.dialled(peers);
        transport.setPeers(peers);
      },
      changed: () => this.#membersChanged(),
      removed: () => this.#removed(),
    });
    this.#tiers = new Tiers({
      ...base,
      transport,
      score,
      policy: options.tiers,
      probe: ports.linkProbe,
      membership: this.#membership,
      succession: this.#succession,
      divergence: (id) => comparison.of(id),
      mayDecide: () => raft.status.role === 'leader' && this.#opening.isOpen && !this.#life.isStopping,
      busy: () => this.#life.isStopping || !this.#writes.proposals.idle || loopLagMs() > busyLagMs,
    });
    this.#driver = new Driver({
      ...base,
      transport,
      proposals: this.#writes.proposals,
      reads: this.#reads,
      apply: (entries) => {
        const taken = this.#applier.apply(entries);
        if (taken === 0) return 0;
        if (state.whole) this.#quota.look();
        this.#opening.applied(present(entries[taken - 1], 'entries were applied').index);
        return taken;
      },
      elected: (term) => this.#predictions.elected(term),
      roleChanged: (soft) => roleChanged(soft, this.#roleParts),
      configurationAppended: (entry) => this.#membership.appended(entry),
      sendSnapshot: (to) => this.#snapshots.send(to),
      lostPeer: (peer) => guarding(this.#guard.lost(peer)),
      install: ({ point }) => this.#snapshots.install(point),
      roomOnDisk: () => this.#logDoubt.waitForRoom(),
      logDamaged: (error, through) => this.#stored.logRepair.damaged(error.message, through),
    });
    this.#quota = new Quota({ self, state, quotaBytes: options.quotaBytes ?? 0, isOpen, propose });
    this.#compaction = new AutoCompaction({
      ...base,
      options: options.compaction ?? { mode: 'off', keep: 0 },
      nowMs: () => this.#clusterClock.now(),
      isOpen,
    });
    const parts = {
      ...base,
      transport,
      guard: this.#guard,
      monitor: this.#monitor,
      succession: this.#succession,
      membership: this.#membership,
      proposals: this.#writes.proposals,
      reads: this.#reads,
      ranges,
      hub: this.#hub,
      driver: this.#driver,
      applier: this.#applier,
      keeper: this.#stored.keeper,
      snapshots: this.#snapshots,
      integrity: this.#integrity,
      scrubber: this.#stored.scrubber,
      disk: this.#disk,
      handOver: this.#handOver,
    };
    this.#logDoubt = new LogDoubt(parts);
    this.#quarantine = new Quarantine(parts);
    this.#takeOver = new TakeOver(parts);
    this.#readPath = new ReadPath({ ...parts, silentMs: () => this.silentMs() });
    this.#copies = new Copies({
      ...parts,
      random: ports.random,
      settle: () => this.#stored.settle(),
      settleNow: () => this.#stored.keeper.settle(),
    });
    this.#peers = new PeerHandler({ ...parts, comparison, usages, removed: () => this.#removed() });
    this.#leading = new Leading({
      ...parts,
      trust: new TrustKeeper(raft, this.#guard),
      tiers: this.#tiers.mover,
      waitsForTime: () => this.#beforeDeath.waitsForTime,
    });
    const vitals = (): Vitals | null => ports.vitals?.() ?? null;
    const vitalWatch = new VitalWatch({
      clock,
      policy: options.beforeDeath ?? defaultBeforeDeath,
      vitals,
      syncs: () => this.#driver.syncs,
      takeWorstLagMs: () => this.#ticker?.takeWorstMs() ?? null,
      reserveBytes: options.diskReserveBytes,
    });
    this.#beforeDeath = new BeforeDeath({
      ...parts,
      policy: options.beforeDeath ?? defaultBeforeDeath,
      vitalWatch,
    });
    this.#announcer = new Announcer({
      ...parts,
      comparison,
      usages,
      saidOfModel,
      tiers: this.#tiers,
      vitals,
      signs: () => vitalWatch.signs,
    });
    this.#predictions = new PredictionProposals({
      ...parts,
      requestLimits: options.requestLimits,
      source: firstOf([ports.predictions, this.prediction]),
    });
    const { prediction } = this;
    const { predictor, localModels } = ports;
    this.learning =
      prediction === null || predictor === undefined || localModels === undefined
        ? null
        : new Learning({
            feed: this.feed,
            predictor,
            baseModel: () => baseModelOf(localModels),
            options: options.learning ?? defaultLearning,
            random: ports.random.fork('learning'),
            leads: () =>
              raft.status.role === 'leader' && isOpen() && !this.#life.isStopping ? raft.status.term : null,
            clusterNowMs: () => this.#clusterClock.now(),
            seriesCount: () => prediction.seriesCount,
            valueBytes: options.requestLimits.valueBytes,
            submit: (proposal) => this.submit(proposal),
          });
    this.#roleParts = {
      ...parts,
      writes: this.#writes,
      mover: this.#tiers.mover,
      announcer: this.#announcer,
    };
    this.#inspection = new Inspection({
      ...parts,
      logDoubt: this.#logDoubt,
      beforeDeath: this.#beforeDeath,
      peers: options.members.flatMap(({ id }) => (id === self ? [] : [id])),
    });
    if (this.#logDoubt.reason !== null && mutant.active !== 'rescued-log-votes') raft.setDoubted(true);
    if (store.imageDoubt !== null) this.#quarantine.enter(store.imageDoubt);
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
    this.#stored.scrubber.start();
    this.prediction?.start();
    this.learning?.start();
    if (this.#logDoubt.reason !== null) nodeLog.error('doubted', { reason: this.#logDoubt.reason });
    nodeLog.info('started', {
      id: this.#options.id,
      term: this.#raft.status.term,
      applied: this.#raft.status.applied,
    });
    this.#driver.wake();
  }

  /** Hands leadership over if it has it, but not where it is told to stop at once; then stops. Nothing acknowledged depends on it. */
  async stop(handsOver = true): Promise<void> {
    if (this.#life.isStopping) return;
    this.#life.isStopping = true;
    const { nodeLog } = this.#ports;
    nodeLog.info('stopping');
    if (handsOver && this.#raft.status.role === 'leader') await this.#handOver.to(null).catch(() => {});
    await this.#close();
    // While a snapshot is taken over the image is ahead of the state, or whole as it is; what is wrong is not stored.
    if (this.#standing.notWhole() === null)
      await this.#stored.keeper
        .settle()
        .catch((error: unknown) => nodeLog.error('failed', { error: String(error) }));
    await this.#store.image.close();
    await this.#store.log.close();
    nodeLog.info('stopped');
  }

  /** Called once if the node has to stop itself: a failed disk or a broken invariant. */
  onFailure(listener: (error: Error) => void): void {
    this.#failures.listen(listener);
  }

  /** Which commands of a batch can be refused before they reach the log, by position; null: none. */
  validate(commands: readonly Command[]): ReadonlyMap<number, FailedResult> | null {
    return this.#writes.validate(commands);
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

  /** Reads what is stored for operators. */
  get maintenance(): Maintenance {
    return this.#stored.maintenance;
  }

  get requestLimits(): RequestLimits {
    return this.#options.requestLimits;
  }

  /** Something will be submitted at the end of this turn: the driver then looks at once, not a turn later. */
  expect(): void {
    if (!this.#life.isStopped) this.#driver.wake();
  }

  submit(proposal: Proposal): void {
    this.#writes.submit(proposal);
  }

  /**
   * Renews a lease, together with what others ask for meanwhile; `done` hears its full time-to-live in ms once that is committed, 0 where
   * there is no such lease, or why it failed: `not-leader`, `no-leader`, `overloaded`, `disk-full`, `stopping`. Repeating it is harmless.
   */
  keepAlive(id: LeaseId, done: RenewalDone): void {
    this.#writes.renew(id, done);
  }

  /** In ms of cluster time as this node knows it; null: there is no such lease. Below 0: it is about to end. */
  leaseRemainingMs(id: LeaseId): number | null {
    return this.#writes.leaseRemainingMs(id);
  }

  /** `ageMs`: of a read that is this replica's own, since it last heard a leader. A predicted one is answered with a `PredictedRangeResult`. */
  read(
    request: RangeRequest,
    consistency: Consistency,
    done: (outcome: ReadOutcome, ageMs: number) => void,
  ): void {
    const { prediction } = this;
    if (prediction === null || typeof consistency === 'string')
      this.#readPath.read(request, consistency, done);
    else
      this.#readPath.read(request, consistency, (outcome, ageMs) => {
        if ('predictions' in outcome) prediction.used(request.space, outcome.values);
        done(outcome, ageMs);
      });
  }

  watch(request: WatchRequest, sink: WatchSink): WatchHandle {
    return this.#readPath.watch(request, sink);
  }

  /** The state, in a turn in which it is whole: what is read of it before anything is awaited is of one moment. */
  async wholeState(): Promise<StateMachine> {
    while (!this.#standing.isReady()) await nextTurn(this.#ports.clock);
    if (this.state.whole) return this.state;
    throw this.#standing.doubt === null ? stops() : underDoubt(this.#standing.doubt);
  }

  /**
   * Fills in what transactions read at older revisions. Never fails as a whole: where something cannot be read, or a snapshot replaced history
   * meanwhile, that transaction's result alone is `indeterminate` and says that it was applied.
   */
  complete(results: readonly CommandResult[]): Promise<readonly CommandResult[]> {
    return this.#readPath.complete(results);
  }

  /**
   * Puts predictions of this node, which leads, into the space `predicted`; up to `limits.predictionsPerCommand` at a time. Resolves when they are applied:
   * to how many were kept, and how many no longer held. Errors: `not-leader`, `invalid-argument`, `overloaded`, `disk-full`, `too-many-predictions`,
   * `under-doubt`.
   */
  proposePredictions(predictions: readonly Prediction[]): Promise<PredictionsApplied> {
    return this.#predictions.propose(predictions);
  }

  routing(): Routing {
    return this.#announcer.routing;
  }

  /** Tells of every change of leader or succession. Returns how to stop it. */
  onRouting(listener: (routing: Routing) => void): () => void {
    return this.#announcer.onRouting(listener);
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
    changeVoters(this.#raft, this.#membership.list(), voters, learners);
    this.#driver.wake();
  }

  /**
   * A copy of the state as this node has applied it, in the format of node/backup/. Errors: `starting` (a snapshot is being taken over, or nothing
   * was applied yet), `unavailable` (the image was replaced meanwhile).
   */
  backup(): AsyncGenerator<Uint8Array> {
    return this.#copies.backup();
  }

  /** The whole image for another member. Errors: `starting`, `under-doubt`, `overloaded`, `stopping`. */
  image(): Promise<OutgoingImage> {
    return this.#copies.image();
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
    if (this.#life.isStopped) throw stops();
    if (request.kind === 'tier') await this.#tiers.mover.begin(request);
    else await this.#membership.request(request);
    return this.#membership.list();
  }

  /** How members move between tiers; on the leader. */
  get tierChanges(): TierChanges {
    return this.#tiers.mover;
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
    return this.#tiers.weigh(id);
  }

  /** Which members should be of which tier, and why; null where this node does not lead. */
  tiers(): TiersView | null {
    return this.#tiers.view();
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
    return this.#inspection.inspect();
  }

  /** Of what `inspect` says what costs next to nothing, for who asks after every step. */
  get raftStatus(): RaftStatus {
    return this.#inspection.raft;
  }

  /** As `inspect().doubt`. */
  get doubt(): string | null {
    return this.#inspection.doubt;
  }

  /** Reads plain numbers; only the size of the image is asked of the disk. */
  gauges(): Promise<NodeGauges> {
    return this.#inspection.gauges();
  }

  /** A key of the cluster's own that it has none of, put by the leader; false: this node is none, or not yet. */
  #publish(key: ByteString, value: ByteString): boolean {
    if (!this.#opening.isOpen || this.#life.isStopping) return false;
    this.#leading.propose(putIfMissing(key, value), () => {});
    return true;
  }

  #handler(): TransportHandler<RaftMessage> {
    return {
      hello: (...greeting) => this.#peers.hello(...greeting),
      received: (from, messages) => this.#peers.received(from, messages),
      connected: (peer, identity) => this.#peers.connected(peer, identity),
      disconnected: (peer, reason) => this.#peers.disconnected(peer, reason),
      rejected: (peer, detail) => this.#peers.rejected(peer, detail),
      probed: () => this.#peers.probed(),
      snapshot: (from, incoming) => this.#peers.snapshot(from, incoming),
    };
  }

  #membersChanged(): void {
    this.#monitor.votersChanged();
    this.#followers.membersChanged();
    if (this.#started) this.#announcer.announce();
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
        () => this.#failures.tell(error),
        () => this.#failures.tell(error),
      );
    });
  }

  #tick(): void {
    this.#raft.tick();
    this.#writes.refuseOverdue();
    this.#predictions.rehearse();
    this.#integrity.tick();
    if (this.#raft.status.role === 'leader') this.#leading.look();
    this.#beforeDeath.look();
    if (this.#standing.notWhole() === null) {
      this.#compaction.look();
      this.#membership.look();
      this.#tiers.look();
    }
    this.#announcer.announce();
    if (this.state.whole && !this.#standing.isRestoring) this.state.sweep();
    this.#driver.wake();
  }

  #stalled(gapMs: number): void {
    this.#monitor.stalled(gapMs);
    this.#succession.stalled(gapMs);
    if (gapMs > 100) this.#ports.nodeLog.warn('loop-stalled', { gapMs: Math.round(gapMs) });
  }

  /** For what is read of `state` directly. Errors: `under-doubt`, `starting`. */
  checkServes(): void {
    const problem = this.#standing.notServing();
    if (problem !== null) throw problem;
  }

  /** Reads all that is stored, now, and says what is wrong. Errors: `stopping`. */
  async scrub(): Promise<readonly string[]> {
    if (this.#life.isStopped) throw stops();
    return this.#stored.scrubber.now();
  }

  /** An operator says, on the leader, that the state of this replica is wrong: it is made anew. Errors: `not-leader`, `unknown-member`. */
  repair(id: NodeId): void {
    if (this.#raft.status.role !== 'leader') throw leadsNot();
    if (!this.#integrity.condemn(id))
      throw new TanistError(
        'unknown-member',
        `${id} has not been heard of by this leader; start it, then try again`,
      );
  }

  async #close(): Promise<void> {
    this.#life.isStopping = true;
    this.#life.isStopped = true;
    this.#standing.ended();
    this.prediction?.close();
    this.learning?.close();
    this.#followers.ended();
    this.#driver.stop();
    this.#ticker?.stop();
    this.#monitor.stop();
    this.#disk.stop();
    this.#writes.proposals.abandon('stopping', 'the node stops');
    this.#membership.close();
    this.#tiers.mover.abandon(
      new TanistError('stopping', 'the node stops; the change goes on at the next leader'),
    );
    this.#writes.close();
    this.#reads.close();
    await this.#transport.close();
    await this.#stored.stop();
  }
}

export type { NodeInspection } from './inspection.ts';
export type { PredictionsApplied } from './prediction-proposals.ts';
export type { ReadOutcome } from './read-path.ts';
export type { RenewalDone, RenewalOutcome } from './renewal-batcher.ts';
export type { TiersView } from './topology/tiers.ts';
