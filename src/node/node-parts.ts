import { defaultBeforeDeath } from '../failover/before-death/signals.ts';
import { present } from '../foundation/assert.ts';
import { asError } from '../foundation/errors.ts';
import type { NodeId } from '../foundation/ids.ts';
import { mutant } from '../foundation/mutants.ts';
import type { Command } from '../ports/command.ts';
import type { Transport } from '../ports/transport.ts';
import { blockTime } from '../protocol/session/block.ts';
import type { RaftMessage } from '../raft/message.ts';
import type { Raft } from '../raft/raft.ts';
import type { StateMachine } from '../state/state-machine.ts';
import { WatchHub } from '../state/watch-hub.ts';
import type { RescuedStore } from '../storage/open-or-rescue.ts';
import { BeforeDeath } from './before-death/before-death.ts';
import { VitalWatch } from './before-death/vital-watch.ts';
import { ReplicaBook } from './beyond/replica-book.ts';
import { FeedListeners, type ReplicaFeed } from './beyond/replica-feed.ts';
import { replicaFeedOf } from './beyond/replica-feed-of.ts';
import { Failures } from './failures.ts';
import { Copies } from './image/copies.ts';
import { Snapshots } from './image/snapshots.ts';
import { Stored } from './image/stored.ts';
import { TakeOver } from './image/take-over.ts';
import { Inspection } from './inspection.ts';
import { Integrity } from './integrity/integrity.ts';
import { LogDoubt } from './integrity/log-doubt.ts';
import { Quarantine } from './integrity/quarantine.ts';
import { Standing } from './integrity/standing.ts';
import { AutoCompaction } from './leading/auto-compaction.ts';
import { HandOver } from './leading/hand-over.ts';
import { LeaderMonitor } from './leading/leader-monitor.ts';
import { Leading } from './leading/leading.ts';
import { Opening } from './leading/opening.ts';
import { SuccessionKeeper } from './leading/succession-keeper.ts';
import { Learning } from './learning/learning.ts';
import { defaultLearning } from './learning/learning-options.ts';
import { baseModelOf } from './learning/model-record.ts';
import { Applier } from './loop/applier.ts';
import { ClusterClock } from './loop/cluster-clock.ts';
import { Driver } from './loop/driver.ts';
import { lastLoggedMs } from './loop/last-logged.ts';
import { elected, type RoleChangeParts, roleChanged } from './loop/role-change.ts';
import type { Ticker } from './loop/ticker.ts';
import { Membership } from './membership/membership.ts';
import { troubleOf } from './membership/trouble-of.ts';
import { trustedBy } from './membership/trusted-by.ts';
import type { NodeOptions, NodePorts } from './options.ts';
import { Announcer } from './peers/announcer.ts';
import { PeerConnections } from './peers/peer-connections.ts';
import { PeerGuard } from './peers/peer-guard.ts';
import { PeerHandler } from './peers/peer-handler.ts';
import { TrustKeeper } from './peers/trust.ts';
import { UsageBook } from './prediction/behaviour/usage-book.ts';
import { firstOf } from './prediction/first-of.ts';
import { hotFeed } from './prediction/hot-feed.ts';
import { ModelComparison } from './prediction/model-comparison.ts';
import { saidOf } from './prediction/model-report.ts';
import { OnlinePrediction } from './prediction/online-prediction.ts';
import { defaultPredictionBudget } from './prediction/predictor.ts';
import { putIfUnchanged } from './prediction/put-if-unchanged.ts';
import { RangeReader } from './reads/range-reader.ts';
import { ReadPath } from './reads/read-path.ts';
import { ReadQueue } from './reads/reads.ts';
import { Tiers } from './topology/tiers.ts';
import type { Vitals } from './vitals.ts';
import { DiskGuard } from './writes/disk-guard.ts';
import { PredictionProposals } from './writes/prediction-proposals.ts';
import { Quota } from './writes/quota.ts';
import { WritePath } from './writes/write-path.ts';

/** An event loop that is later than this on average has no time for measurements. */
const busyLagMs = 5;
/** However patient elections are, a caller hears of it when nobody leads. */
const longestReadHoldMs = 1000;

/** What the parts need of the node around them. */
export interface NodeFace {
  readonly close: () => Promise<void>;
  /** This node is no longer a member. */
  readonly removed: () => void;
  readonly membersChanged: () => void;
  /** Null before the start. */
  readonly ticker: () => Ticker | null;
}

export type NodeParts = ReturnType<typeof nodeParts>;

/** Makes a node's parts and tells each which others it knows; they call each other only once all are made. `state` has been restored from the store's image; `raft` starts from its log. */
export function nodeParts(
  options: NodeOptions,
  ports: NodePorts,
  store: RescuedStore,
  state: StateMachine,
  raft: Raft,
  face: NodeFace,
) {
  const { clock, nodeLog } = ports;
  const life = { isStopping: false, isStopped: false };
  const connections = new PeerConnections();
  const followers = new FeedListeners();
  const { identity } = store.log;
  const replicas: ReplicaBook = new ReplicaBook(clock, () => followers.membersChanged());
  const failures: Failures = new Failures({ nodeLog, life, close: () => face.close() });
  const wake = (): void => driver.wake();
  const hurry = (): void => driver.hurry();
  const failed = (error: Error): void => failures.failed(error);
  const guarding = (act: Promise<void>): void => failures.guarding(act);
  const propose = (command: Command, done: () => void): void => leading.propose(command, done);
  const imageDamaged = (what: string): void => quarantine.imageDamaged(what);
  const silentMs = (): number => (raft.status.role === 'leader' ? 0 : monitor.silentMs());
  const loopLagMs = (): number => face.ticker()?.lagMs ?? 0;
  const clusterClock: ClusterClock = new ClusterClock(clock, () => lastLoggedMs(raft, state));
  // Going on from the image's time: a restart of all replicas must not jump to the calendar.
  if (state.timeMs > 0) clusterClock.saw(state.timeMs, state.applied.term);
  const standing: Standing = new Standing(options.id, raft, state, life);
  const opening: Opening = new Opening(state, nodeLog, (term) => predictions.opened(term));
  const isOpen = (): boolean => opening.isOpen;
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
    identity,
    life,
    standing,
    opening,
    clusterClock,
    connections,
    replicas,
    followers,
    propose,
    imageDamaged,
    loopLagMs,
    guarding,
    failed,
    wake,
    hurry,
  };
  const guard: PeerGuard = new PeerGuard({
    ...base,
    incarnation: store.log.identity.incarnation,
    trusted: () => logDoubt.trusted(),
    clusterId: store.log.identity.clusterId,
    doubted: (peers) => raft.setDoubtedPeers(peers),
    forget: (peer) => raft.forgetPeer(peer),
    acknowledged: (peer) => raft.acknowledgedBy(peer),
  });
  raft.setDoubtedPeers(guard.doubted);
  const trustedStarts = (): readonly (readonly [NodeId, string])[] => {
    const own = [self, identity.incarnation] as const;
    return logDoubt.reason === null ? [own, ...guard.trustedStarts()] : guard.trustedStarts();
  };
  const transport: Transport<RaftMessage> = ports.transport(
    {
      hello: (...greeting) => peers.hello(...greeting),
      received: (from, messages) => peers.received(from, messages),
      connected: (peer, identity) => peers.connected(peer, identity),
      disconnected: (peer, reason) => peers.disconnected(peer, reason),
      rejected: (peer, detail) => peers.rejected(peer, detail),
      probed: () => peers.probed(),
      snapshot: (from, incoming) => peers.snapshot(from, incoming),
    },
    identity,
  );
  const saidOfModel = () => prediction?.said() ?? null;
  const comparison = new ModelComparison({
    self,
    clock,
    own: saidOfModel,
    others: () => [
      ...[...succession.reports()].flatMap(([id, { model, integrity }]) =>
        model === null ? [] : [{ id, said: model, stateTrouble: integrity?.doubt ?? null }],
      ),
      ...replicas.reports().flatMap(({ id, model, trouble }) => {
        const said = saidOf(model ?? null);
        return said === null ? [] : [{ id, said, stateTrouble: trouble }];
      }),
    ],
    ownTrouble: () => standing.doubt,
  });
  const usages = new UsageBook({
    self,
    clock,
    own: () => (prediction?.asks === true ? (ports.usage?.() ?? null) : null),
    others: () =>
      [...succession.reports()].flatMap(([id, { usage }]) => (usage == null ? [] : [{ id, usage }])),
    timeMs: () => prediction?.timeMs ?? Number.NaN,
  });
  const monitor: LeaderMonitor = new LeaderMonitor({ ...base, transport, guard, suspicion });
  const succession: SuccessionKeeper = new SuccessionKeeper({
    ...base,
    transport,
    guard,
    suspicion,
    score,
    report: () => announcer.report(),
    divergence: (id) => comparison.of(id),
    replicas: (reports) => replicas.told(reports),
  });
  const disk: DiskGuard = new DiskGuard({
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
  const writes: WritePath = new WritePath({ ...base, monitor, disk: disk });
  const mayRead = (): boolean => standing.isReady() || mutant.active === 'read-half-applied';
  const reads: ReadQueue = new ReadQueue({
    raft,
    clock,
    wake,
    mayServe: mayRead,
    holdMs: Math.min(options.electionMs, longestReadHoldMs),
  });
  const integrity: Integrity = new Integrity({
    ...base,
    incarnation: store.log.identity.incarnation,
    doubt: () => standing.doubt,
    isWhole: () => standing.notWhole() === null,
    counts: (id) => (id === options.id ? logDoubt.reason === null : !guard.doubted.has(id)),
    isOpen,
    quarantine: (reason) => quarantine.enter(reason),
    sendImage: (to) => snapshots.sendImage(to),
  });
  const history = state.history(store.image.history);
  const storageFailed = (error: Error): void => quarantine.storageFailed(error);
  const stored: Stored = new Stored({ ...base, history, storageFailed });
  const ranges = new RangeReader(state, history, clock, mayRead);
  const feed: ReplicaFeed = replicaFeedOf({
    ...base,
    clusterId: identity.clusterId,
    history,
    guard,
    members: () => membership.list(),
    saidByLeader: () => peers.leaderRevisions,
    read: (request, consistency, done) => readPath.read(request, consistency, done),
  });
  const prediction: OnlinePrediction | null =
    ports.predictor === undefined
      ? null
      : new OnlinePrediction({
          feed: hotFeed(feed, () => life.isStopping),
          predictor: ports.predictor,
          budget: options.prediction ?? defaultPredictionBudget,
          ...(ports.usage === undefined ? {} : { usage: ports.usage }),
          members: () => usages.latest,
          silentMs: () => {
            const { role, leader } = raft.status;
            if (role === 'leader') return opening.isOpen ? 0 : null;
            return leader === null ? null : monitor.silentMs();
          },
          models: {
            ...(ports.localModels === undefined ? {} : { local: ports.localModels }),
            publish: (key, value, modRevision) => {
              if (!opening.isOpen || life.isStopping) return false;
              leading.propose(putIfUnchanged(key, value, modRevision), () => {});
              return true;
            },
          },
        });
  const hub: WatchHub = new WatchHub({
    source: state,
    history,
    failed: (cause) => storageFailed(asError(cause)),
    ...(options.watchers === undefined ? {} : { watchers: options.watchers }),
  });
  const applier: Applier = new Applier({
    ...base,
    hub,
    keeper: stored.keeper,
    proposals: writes.proposals,
    membersApplied: (entry, change) => membership.applied(entry, change),
    feed: (deltas, leases) => followers.applied(deltas, leases),
    observer: ports.observer,
    checkpoint: (index) => integrity.applied(index),
    slicesPerTurn: options.slicesPerTurn ?? Number.POSITIVE_INFINITY,
  });
  const snapshots: Snapshots = new Snapshots({
    ...base,
    transport,
    settle: () => stored.settle(),
    suspend: () => takeOver.suspend(),
    room: () => disk.room(),
    reload: () => takeOver.reload(),
    resume: () => takeOver.resume(),
    undone: () => takeOver.undone(),
    waits: () => standing.doubt !== null && !life.isStopped,
    catchUp: async ({ index }) => {
      stored.keeper.resume();
      await driver.catchUp(index);
    },
    confirmed: (index, to) => integrity.confirmed(index, to),
    damaged: (error) => imageDamaged(error.message),
    step: (message) => peers.step([message]),
  });
  const handOver: HandOver = new HandOver({
    raft,
    clock,
    nodeLog,
    hurry,
    announce: () => announcer.announce(),
    options,
  });
  const membership: Membership = new Membership({
    ...base,
    members: () => state.members,
    configured: options.members,
    isAlive: (id) => id === self || succession.isAlive(id),
    isConnected: (id) => connections.isConnected(id),
    trusts: (by, id) =>
      trustedBy(
        by === self ? { trusted: trustedStarts() } : succession.reportOf(by),
        id,
        (id === self ? identity : guard.identityOf(id))?.incarnation ?? null,
      ),
    trouble: (id) =>
      troubleOf(id, {
        state,
        connections,
        succession,
        replicas,
      }),
    published: (id) => succession.factsOf(id) ?? replicas.publishedBy(id),
    dial: (peers) => {
      connections.dialled(peers);
      transport.setPeers(peers);
    },
    changed: () => face.membersChanged(),
    removed: () => face.removed(),
  });
  const tiers: Tiers = new Tiers({
    ...base,
    transport,
    score,
    policy: options.tiers,
    probe: ports.linkProbe,
    membership,
    succession,
    divergence: (id) => comparison.of(id),
    mayDecide: () => raft.status.role === 'leader' && opening.isOpen && !life.isStopping,
    busy: () => life.isStopping || !writes.proposals.idle || loopLagMs() > busyLagMs,
  });
  const driver: Driver = new Driver({
    ...base,
    transport,
    proposals: writes.proposals,
    reads,
    apply: (entries) => {
      const taken = applier.apply(entries);
      if (taken === 0) return 0;
      if (state.whole) quota.look();
      opening.applied(present(entries[taken - 1], 'entries were applied').index);
      return taken;
    },
    elected: (term) => elected(term, roleParts),
    roleChanged: (soft) => roleChanged(soft, roleParts),
    configurationAppended: (entry) => membership.appended(entry),
    blockAppended: ({ payload, term }) => clusterClock.heard(blockTime(payload), term),
    sendSnapshot: (to) => snapshots.send(to),
    lostPeer: (peer) => guarding(guard.lost(peer)),
    install: ({ point }) => snapshots.install(point),
    roomOnDisk: () => logDoubt.waitForRoom(),
    logDamaged: (error, through) => stored.logRepair.damaged(error.message, through),
  });
  const quotaBytes = options.quotaBytes ?? 0;
  const quota: Quota = new Quota({ self, state, quotaBytes, isOpen, propose });
  const compaction: AutoCompaction = new AutoCompaction({
    ...base,
    options: options.compaction ?? { mode: 'off', keep: 0 },
    nowMs: () => clusterClock.now(),
    isOpen,
  });
  const parts = {
    ...base,
    transport,
    guard,
    monitor,
    succession,
    membership,
    proposals: writes.proposals,
    reads,
    ranges,
    hub,
    driver,
    applier,
    keeper: stored.keeper,
    snapshots,
    integrity,
    scrubber: stored.scrubber,
    disk,
    handOver,
  };
  const logDoubt: LogDoubt = new LogDoubt(parts);
  const quarantine: Quarantine = new Quarantine(parts);
  const takeOver: TakeOver = new TakeOver(parts);
  const readPath: ReadPath = new ReadPath({
    ...parts,
    silentMs,
    ready: () => prediction?.reader() ?? null,
  });
  const copies: Copies = new Copies({
    ...parts,
    random: ports.random,
    settle: () => stored.settle(),
    settleNow: () => stored.keeper.settle(),
  });
  const peers: PeerHandler = new PeerHandler({ ...parts, comparison, usages, removed: () => face.removed() });
  const leading: Leading = new Leading({
    ...parts,
    trust: new TrustKeeper(raft, guard),
    tiers: tiers.mover,
    waitsForTime: () => beforeDeath.waitsForTime,
  });
  const vitals = (): Vitals | null => ports.vitals?.() ?? null;
  const vitalWatch = new VitalWatch({
    clock,
    policy: options.beforeDeath ?? defaultBeforeDeath,
    vitals,
    syncs: () => driver.syncs,
    takeWorstLagMs: () => face.ticker()?.takeWorstMs() ?? null,
    reserveBytes: options.diskReserveBytes,
  });
  const beforeDeath: BeforeDeath = new BeforeDeath({
    ...parts,
    policy: options.beforeDeath ?? defaultBeforeDeath,
    vitalWatch,
  });
  const announcer: Announcer = new Announcer({
    lineage: () => feed.lineage(),
    trustedStarts,
    ...parts,
    comparison,
    usages,
    saidOfModel,
    tiers,
    vitals,
    signs: () => vitalWatch.signs,
  });
  const predictions: PredictionProposals = new PredictionProposals({
    ...parts,
    requestLimits: options.requestLimits,
    source: firstOf([ports.predictions, prediction]),
  });
  const { predictor, localModels } = ports;
  const learning: Learning | null =
    prediction === null || predictor === undefined || localModels === undefined
      ? null
      : new Learning({
          feed,
          predictor,
          baseModel: () => baseModelOf(localModels),
          options: options.learning ?? defaultLearning,
          random: ports.random.fork('learning'),
          leads: () =>
            raft.status.role === 'leader' && isOpen() && !life.isStopping ? raft.status.term : null,
          clusterNowMs: () => clusterClock.now(),
          seriesCount: () => prediction.seriesCount,
          met: prediction.met,
          valueBytes: options.requestLimits.valueBytes,
          submit: (proposal) => writes.submit(proposal),
        });
  const roleParts: RoleChangeParts = {
    ...parts,
    writes,
    predictions,
    mover: tiers.mover,
    announcer,
  };
  const inspection: Inspection = new Inspection({
    ...parts,
    logDoubt,
    beforeDeath,
    quotaBytes,
    peers: options.members.flatMap(({ id }) => (id === self ? [] : [id])),
  });
  if (logDoubt.reason !== null && mutant.active !== 'rescued-log-votes') raft.setDoubted(true);
  if (store.imageDoubt !== null) quarantine.enter(store.imageDoubt);

  return {
    announcer,
    copies,
    applier,
    beforeDeath,
    clusterClock,
    compaction,
    comparison,
    disk,
    driver,
    failures,
    feed,
    followers,
    guard,
    handOver,
    hub,
    inspection,
    integrity,
    leading,
    learning,
    life,
    logDoubt,
    membership,
    monitor,
    opening,
    prediction,
    predictions,
    raft,
    readPath,
    reads,
    silentMs,
    standing,
    stored,
    succession,
    tiers,
    transport,
    writes,
    replicas,
  };
}
