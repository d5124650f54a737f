import { TanistError } from '../foundation/errors.ts';
import type { LeaseId, NodeId, Term } from '../foundation/ids.ts';
import type { RequestLimits } from '../foundation/limits.ts';
import { nextTurn } from '../ports/clock.ts';
import type { Command, Consistency, RangeRequest, TxnCommand } from '../ports/command.ts';
import type { IsHeld } from '../ports/image-store.ts';
import type { StoreIdentity } from '../ports/log-store.ts';
import type { MemberInfo, MemberRequest } from '../ports/membership.ts';
import type { Prediction } from '../ports/prediction.ts';
import type { CommandResult, FailedResult } from '../ports/result.ts';
import type { TierChanges } from '../ports/tier-changes.ts';
import type { Routing } from '../protocol/status/routing.ts';
import type { Raft, RaftStatus } from '../raft/raft.ts';
import type { StateMachine } from '../state/state-machine.ts';
import type { WatchHandle, WatchRequest, WatchSink } from '../state/watch-hub.ts';
import type { RescuedStore } from '../storage/open-or-rescue.ts';
import type { OpenedStore } from '../storage/open-store.ts';
import type { ReplicaView } from './beyond/replica-book.ts';
import type { ReplicaFeed } from './beyond/replica-feed.ts';
import type { NodeGauges } from './gauges.ts';
import type { OutgoingImage } from './image/image-outlet.ts';
import type { Maintenance } from './image/maintenance.ts';
import type { NodeInspection } from './inspection.ts';
import type { MemberView } from './leading/succession-keeper.ts';
import type { Learning } from './learning/learning.ts';
import { Ticker } from './loop/ticker.ts';
import { changeVoters } from './membership/change-voters.ts';
import { type NodeParts, nodeParts } from './node-parts.ts';
import type { NodeOptions, NodePorts } from './options.ts';
import type { OnlinePrediction } from './prediction/online-prediction.ts';
import type { ReadOutcome, TxnReadOutcome } from './reads/read-path.ts';
import { leadsNot, removedText, stops, underDoubt } from './refusals.ts';
import type { Weighed } from './topology/observe.ts';
import type { TiersView } from './topology/tiers.ts';
import type { PredictionsApplied } from './writes/prediction-proposals.ts';
import type { Proposal } from './writes/proposals.ts';
import type { RenewalDone } from './writes/renewal-batcher.ts';

export type {
  WatchedChange,
  WatchedChanges,
  WatchHandle,
  WatchRequest,
  WatchSink,
} from '../state/watch-hub.ts';

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
  readonly #parts: NodeParts;
  #ticker: Ticker | null = null;
  #started = false;
  #leaving = false;

  /** `state` has been restored from the store's image; `raft` starts from its log. See `openNode`. */
  constructor(options: NodeOptions, ports: NodePorts, store: RescuedStore, state: StateMachine, raft: Raft) {
    this.identity = store.log.identity;
    this.state = state;
    this.#options = options;
    this.#ports = ports;
    this.#store = store;
    this.#parts = nodeParts(options, ports, store, state, raft, {
      close: () => this.#close(),
      removed: () => this.#removed(),
      membersChanged: () => this.#membersChanged(),
      ticker: () => this.#ticker,
    });
  }

  /** For whoever feeds replicas beyond the quorum from this node. */
  get feed(): ReplicaFeed {
    return this.#parts.feed;
  }

  /** Null: nothing is predicted here. */
  get prediction(): OnlinePrediction | null {
    return this.#parts.prediction;
  }

  /** Null: nothing is learnt here. */
  get learning(): Learning | null {
    return this.#parts.learning;
  }

  /** Listens to peers and takes part. */
  async start(): Promise<void> {
    const { clock, nodeLog } = this.#ports;
    await this.#parts.transport.start();
    for (const entry of this.#store.log.image.tail)
      if (entry.kind === 'configuration' && entry.index > this.state.applied.index)
        this.#parts.membership.appended(entry);
    this.#parts.membership.refresh();
    this.#started = true;
    this.#parts.monitor.follow();
    this.#ticker = new Ticker({
      clock,
      tickMs: this.#options.tickMs,
      tick: () => this.#tick(),
      stalled: (gapMs) => this.#stalled(gapMs),
    });
    this.#parts.stored.scrubber.start();
    this.prediction?.start();
    this.learning?.start();
    if (this.#parts.logDoubt.reason !== null)
      nodeLog.error('doubted', { reason: this.#parts.logDoubt.reason });
    nodeLog.info('started', {
      id: this.#options.id,
      term: this.#parts.raft.status.term,
      applied: this.#parts.raft.status.applied,
    });
    this.#parts.driver.wake();
  }

  /** Hands leadership over if it has it, but not where it is told to stop at once; then stops. Nothing acknowledged depends on it. */
  async stop(handsOver = true): Promise<void> {
    if (this.#parts.life.isStopping) return;
    this.#parts.life.isStopping = true;
    const { nodeLog } = this.#ports;
    nodeLog.info('stopping');
    if (handsOver && this.#parts.raft.status.role === 'leader')
      await this.#parts.handOver.to(null).catch(() => {});
    await this.#close();
    // While a snapshot is taken over the image is ahead of the state, or whole as it is; what is wrong is not stored.
    if (this.#parts.standing.notWhole() === null)
      await this.#parts.stored.keeper
        .settle()
        .catch((error: unknown) => nodeLog.error('failed', { error: String(error) }));
    await this.#store.image.close();
    await this.#store.log.close();
    nodeLog.info('stopped');
  }

  /** Called once if the node has to stop itself: a failed disk or a broken invariant. */
  onFailure(listener: (error: Error) => void): void {
    this.#parts.failures.listen(listener);
  }

  /** Which commands of a batch can be refused before they reach the log, by position; null: none. */
  validate(commands: readonly Command[]): ReadonlyMap<number, FailedResult> | null {
    return this.#parts.writes.validate(commands);
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
    return this.#parts.stored.maintenance;
  }

  get requestLimits(): RequestLimits {
    return this.#options.requestLimits;
  }

  /** Something will be submitted at the end of this turn: the driver then looks at once, not a turn later. */
  expect(): void {
    if (!this.#parts.life.isStopped) this.#parts.driver.wake();
  }

  submit(proposal: Proposal): void {
    this.#parts.writes.submit(proposal);
  }

  /**
   * Renews a lease, together with what others ask for meanwhile; `done` hears its full time-to-live in ms once that is committed, 0 where
   * there is no such lease, or why it failed: `not-leader`, `no-leader`, `overloaded`, `disk-full`, `stopping`. Repeating it is harmless.
   */
  keepAlive(id: LeaseId, done: RenewalDone): void {
    this.#parts.writes.renew(id, done);
  }

  /** In ms of cluster time as this node knows it; null: there is no such lease. Below 0: it is about to end. */
  leaseRemainingMs(id: LeaseId): number | null {
    return this.#parts.writes.leaseRemainingMs(id);
  }

  /**
   * `ageMs`: of a read that is this replica's own, since it last heard a leader. A predicted one is answered with a `PredictedRangeResult`. `isGone`: whether
   * whoever asked waits no longer; then `done` may never be called. Errors: those of `ReadPath.read`.
   */
  read(
    request: RangeRequest,
    consistency: Consistency,
    done: (outcome: ReadOutcome, ageMs: number) => void,
    isGone?: () => boolean,
  ): void {
    const { prediction } = this;
    const told: typeof done =
      prediction === null || typeof consistency === 'string'
        ? done
        : (outcome, ageMs) => {
            if ('predictions' in outcome) prediction.used(request.space, outcome.values);
            done(outcome, ageMs);
          };
    this.#parts.readPath.read(request, consistency, told, isGone);
  }

  /** A transaction that writes nothing. Null: it is too large for a read, and to be submitted. Errors: those of `ReadPath.readTxn`. */
  readTxn(
    txn: TxnCommand,
    consistency: 'linearizable' | 'serializable',
    done: (outcome: TxnReadOutcome) => void,
    isGone?: () => boolean,
  ): void {
    this.#parts.readPath.readTxn(txn, consistency, done, isGone);
  }

  watch(request: WatchRequest, sink: WatchSink): WatchHandle {
    return this.#parts.readPath.watch(request, sink);
  }

  /** The state, in a turn in which it is whole: what is read of it before anything is awaited is of one moment. */
  async wholeState(): Promise<StateMachine> {
    while (!this.#parts.standing.isReady()) await nextTurn(this.#ports.clock);
    if (this.state.whole) return this.state;
    throw this.#parts.standing.doubt === null ? stops() : underDoubt(this.#parts.standing.doubt);
  }

  /**
   * Fills in what transactions read at older revisions. Never fails as a whole: where something cannot be read, or a snapshot replaced history
   * meanwhile, that transaction's result alone is `indeterminate` and says that it was applied.
   */
  complete(results: readonly CommandResult[]): Promise<readonly CommandResult[]> {
    return this.#parts.readPath.complete(results);
  }

  /**
   * Puts predictions of this node, which leads, into the space `predicted`; up to `limits.predictionsPerCommand` at a time. Resolves when they are applied:
   * to how many were kept, and how many no longer held. Errors: `not-leader`, `invalid-argument`, `overloaded`, `disk-full`, `too-many-predictions`,
   * `under-doubt`.
   */
  proposePredictions(predictions: readonly Prediction[]): Promise<PredictionsApplied> {
    return this.#parts.predictions.propose(predictions);
  }

  routing(): Routing {
    return this.#parts.announcer.routing;
  }

  /** Tells of every change of leader or succession. Returns how to stop it. */
  onRouting(listener: (routing: Routing) => void): () => void {
    return this.#parts.announcer.onRouting(listener);
  }

  /** Resolves when the new leader is known. Errors: `not-leader`, `unknown-member`, `transfer-failed`. */
  async transfer(to: NodeId | null): Promise<{ readonly leader: NodeId; readonly term: Term }> {
    return this.#parts.handOver.to(to);
  }

  /**
   * Begins a change of who votes and who learns; in force from the moment it is in the log, done when it is committed. Errors: `not-leader`,
   * `unknown-member`, `invalid-argument`, `quorum-at-risk`, `configuration-change-pending`.
   */
  changeMembers(voters: readonly NodeId[], learners: readonly NodeId[]): void {
    const { raft, membership } = this.#parts;
    changeVoters(raft, membership.list(), voters, learners, membership.sight);
    this.#parts.driver.wake();
  }

  /**
   * A copy of the state as this node has applied it, in the format of node/backup/. Errors: `starting` (a snapshot is being taken over, or nothing
   * was applied yet), `unavailable` (the image was replaced meanwhile).
   */
  backup(): AsyncGenerator<Uint8Array> {
    return this.#parts.copies.backup();
  }

  /** The image for another member, without the values that it has. Errors: `starting`, `under-doubt`, `overloaded`, `stopping`. */
  image(isHeld?: IsHeld): Promise<OutgoingImage> {
    return this.#parts.copies.image(isHeld);
  }

  /** As this node has applied it. */
  members(): readonly MemberInfo[] {
    return this.#parts.membership.list();
  }

  /**
   * Adds, promotes, removes a member or changes what is known of it; resolves to the members after it, when it is committed. Errors: `not-leader`
   * and those of `planChange`; `configuration-change-pending`, indeterminate where it may still come about.
   */
  async changeMember(request: MemberRequest): Promise<readonly MemberInfo[]> {
    if (this.#parts.life.isStopped) throw stops();
    if (request.kind === 'tier') await this.#parts.tiers.mover.begin(request);
    else await this.#parts.membership.request(request);
    const members = this.#parts.membership.list();
    // Its own removal it may know by the word of others alone.
    const isOver = request.kind === 'remove' && request.id === this.id;
    return isOver ? members.filter(({ id }) => id !== this.id) : members;
  }

  /** How members move between tiers; on the leader. */
  get tierChanges(): TierChanges {
    return this.#parts.tiers.mover;
  }

  member(id: NodeId): MemberView {
    return this.#parts.succession.view(id);
  }

  /** What is known of a replica beyond the quorum: on the leader of all, elsewhere of those fed here. Null: nothing. */
  replica(id: NodeId): ReplicaView | null {
    return this.#parts.replicas.of(id);
  }

  /** A member by all that this node knows of it, whatever its tier; null: no such member. */
  weigh(id: NodeId): Weighed | null {
    return this.#parts.tiers.weigh(id);
  }

  /** Names and hashes of the models that a member predicts with; empty: it says nothing of its predictions. */
  modelsOf(id: NodeId): string {
    return this.#parts.comparison.modelsOf(id);
  }

  /** Which members should be of which tier, and why; null where this node does not lead. */
  tiers(): TiersView | null {
    return this.#parts.tiers.view();
  }

  /** Ms since this node heard its leader; 0 on the leader. */
  silentMs(): number {
    return this.#parts.silentMs();
  }

  bootCounterOf(id: NodeId): number {
    if (id === this.#options.id) return this.identity.bootCounter;
    return this.#parts.guard.identityOf(id)?.bootCounter ?? 0;
  }

  inspect(): NodeInspection {
    return this.#parts.inspection.inspect();
  }

  /** Of what `inspect` says what costs next to nothing, for who asks after every step. */
  get raftStatus(): RaftStatus {
    return this.#parts.inspection.raft;
  }

  /** As `inspect().doubt`. */
  get doubt(): string | null {
    return this.#parts.inspection.doubt;
  }

  /** Reads plain numbers; only the size of the image is asked of the disk. */
  gauges(): Promise<NodeGauges> {
    return this.#parts.inspection.gauges();
  }

  #membersChanged(): void {
    this.#parts.monitor.votersChanged();
    this.#parts.followers.membersChanged();
    if (this.#started) this.#parts.announcer.announce();
  }

  /** It stops, but not before it has told others what they must know: a leader leaves office when its removal is committed. */
  #removed(): void {
    this.#parts.membership.leftByWord();
    if (this.#leaving) return;
    this.#leaving = true;
    const { nodeLog, clock } = this.#ports;
    nodeLog.warn('member-removed', { member: this.#options.id });
    clock.after(this.#options.electionMs, () => {
      const error = new TanistError('member-removed', removedText(this.#options.id));
      this.stop().then(
        () => this.#parts.failures.tell(error),
        () => this.#parts.failures.tell(error),
      );
    });
  }

  #tick(): void {
    this.#parts.raft.tick();
    this.#parts.writes.refuseOverdue();
    this.#parts.reads.refuseOverdue();
    this.#parts.predictions.rehearse();
    this.#parts.integrity.tick();
    if (this.#parts.raft.status.role === 'leader') this.#parts.leading.look();
    this.#parts.beforeDeath.look();
    if (this.#parts.standing.notWhole() === null) {
      this.#parts.compaction.look();
      this.#parts.membership.look();
      this.#parts.tiers.look();
    }
    this.#parts.announcer.announce();
    if (this.state.whole && !this.#parts.standing.isRestoring) this.state.sweep();
    this.#parts.driver.wake();
  }

  #stalled(gapMs: number): void {
    this.#parts.monitor.stalled(gapMs);
    this.#parts.succession.stalled(gapMs);
    if (gapMs > 100) this.#ports.nodeLog.warn('loop-stalled', { gapMs: Math.round(gapMs) });
  }

  /** For what is read of `state` directly. Errors: `under-doubt`, `starting`. */
  checkServes(): void {
    const problem = this.#parts.standing.notServing();
    if (problem !== null) throw problem;
  }

  /** Reads all that is stored, now, and says what is wrong. Errors: `stopping`. */
  async scrub(): Promise<readonly string[]> {
    if (this.#parts.life.isStopped) throw stops();
    return this.#parts.stored.scrubber.now();
  }

  /** An operator says, on the leader, that the state of this replica is wrong: it is made anew. Errors: `not-leader`, `unknown-member`. */
  repair(id: NodeId): void {
    if (this.#parts.raft.status.role !== 'leader') throw leadsNot();
    if (this.#parts.integrity.condemn(id)) return;
    const hot = this.routing()
      .members.filter(({ tier }) => tier === 'hot')
      .map((member) => member.id);
    throw new TanistError(
      'unknown-member',
      hot.includes(id)
        ? `${id} has not been heard of by this leader; start it, then try again`
        : `${id} is no hot member of this cluster; there are ${hot.join(', ')} (the others compare themselves with these, and repair themselves)`,
    );
  }

  async #close(): Promise<void> {
    this.#parts.life.isStopping = true;
    this.#parts.life.isStopped = true;
    this.#parts.standing.ended();
    this.prediction?.close();
    this.learning?.close();
    this.#parts.followers.ended();
    this.#parts.driver.stop();
    this.#ticker?.stop();
    this.#parts.monitor.stop();
    this.#parts.disk.stop();
    this.#parts.writes.proposals.abandon('stopping', 'the node stops');
    this.#parts.membership.close();
    this.#parts.tiers.mover.abandon(
      new TanistError('stopping', 'the node stops; the change goes on at the next leader'),
    );
    this.#parts.writes.close();
    this.#parts.reads.close();
    await this.#parts.transport.close();
    await this.#parts.stored.stop();
  }
}

export type { NodeInspection } from './inspection.ts';
export type { ReadOutcome, TxnReadOutcome } from './reads/read-path.ts';
export type { TiersView } from './topology/tiers.ts';
export type { PredictionsApplied } from './writes/prediction-proposals.ts';
export type { RenewalDone, RenewalOutcome } from './writes/renewal-batcher.ts';
