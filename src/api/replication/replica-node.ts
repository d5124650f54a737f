import { Durations } from '../../foundation/durations.ts';
import { TanistError } from '../../foundation/errors.ts';
import { clusterTimeMs, logIndex, type NodeId, type Revision, revision, term } from '../../foundation/ids.ts';
import type { RequestLimits } from '../../foundation/limits.ts';
import type { ReplicaView } from '../../node/beyond/replica-book.ts';
import type { NodeGauges } from '../../node/gauges.ts';
import type { ScrubStatus } from '../../node/integrity/scrub-passes.ts';
import type { MemberView } from '../../node/leading/succession-keeper.ts';
import type {
  NodeInspection,
  ReadOutcome,
  TxnReadOutcome,
  WatchHandle,
  WatchRequest,
  WatchSink,
} from '../../node/node.ts';
import type { OnlinePrediction } from '../../node/prediction/online-prediction.ts';
import type { ReplicationGauges, ServedNode } from '../../node/served-node.ts';
import { type Proposal, refused } from '../../node/writes/proposals.ts';
import type { RenewalDone } from '../../node/writes/renewal-batcher.ts';
import type { Consistency, RangeRequest, TxnCommand } from '../../ports/command.ts';
import type { Space } from '../../ports/delta.ts';
import { compareLineage } from '../../ports/lineage-order.ts';
import type { MemberInfo } from '../../ports/membership.ts';
import type { Held, Lineage, ReplicaReport } from '../../ports/replication.ts';
import type { RangeResult } from '../../ports/result.ts';
import type { Member, Routing } from '../../protocol/status/routing.ts';
import type { HotNodes } from './hot-nodes.ts';

/** What of a replica beyond the quorum is served: its runtime, warm or cold. */
export interface ServedReplica {
  read(request: RangeRequest): RangeResult | TanistError | Promise<RangeResult | TanistError>;
  /** Of the latest values; absent: none are served. */
  watch?(request: WatchRequest, sink: WatchSink): WatchHandle;
  readonly watchers?: number;
  readonly ageMs: number;
  /** Where it is another one for older revisions. */
  ageOf?(request: RangeRequest): number;
  readonly members: readonly (Partial<MemberInfo> & Omit<MemberInfo, 'voter' | 'learner'>)[];
  report(): ReplicaReport;
  position(): {
    readonly held: Held;
    readonly compacted: Held['revisions'];
    readonly index: number;
    readonly timeMs: number;
    readonly leases: number;
  } | null;
  gauges(): Omit<ReplicationGauges, 'bytesReceived'>;
  readonly scrubStatus: ScrubStatus;
  scrub(): Promise<readonly string[]>;
}

export interface ReplicaNodeOptions {
  readonly id: NodeId;
  readonly tier: 'warm' | 'cold';
  readonly clusterId: string;
  readonly requestLimits: RequestLimits;
  readonly replica: ServedReplica;
  readonly hotNodes: HotNodes;
  /** As the config has them, until the members are known. */
  readonly configured: readonly Member[];
  /** Null: it predicts nothing. */
  readonly prediction: OnlinePrediction | null;
}

/**
 * A replica beyond the quorum behind the calls that the services make. It answers serializable reads and watches of the latest values of what it holds, says who leads, and scrubs its own
 * disk; everything else is the leader's, and refused as `not-leader` with the leader's address.
 */
export class ReplicaNode implements ServedNode {
  readonly tier: 'warm' | 'cold';
  readonly state: ServedNode['state'];
  readonly maintenance: ServedNode['maintenance'];
  readonly #options: ReplicaNodeOptions;

  constructor(options: ReplicaNodeOptions) {
    this.#options = options;
    this.tier = options.tier;
    const refuse = (): never => {
      throw this.#notLeader();
    };
    this.state = {
      revision: (space: Space) => this.#revisions()?.[space] ?? revision(0),
      compacted: (space: Space) => options.replica.position()?.compacted[space] ?? revision(0),
      alarms: () => [],
      lease: refuse,
      leaseIds: refuse,
      leaseDeadlineMs: () => null,
      leaseTtlMs: () => null,
      timeMs: clusterTimeMs(0),
      isCorrupt: () => false,
      policies: refuse,
    };
    const refuseLater = (): Promise<never> => Promise.reject(this.#notLeader());
    this.maintenance = {
      hash: refuse,
      hashKv: refuseLater,
      compacted: refuseLater,
      defragment: refuseLater,
      sizes: () => {
        const { bytes } = options.replica.gauges();
        return Promise.resolve({ diskBytes: bytes, liveBytes: bytes });
      },
    };
  }

  get id(): NodeId {
    return this.#options.id;
  }

  get requestLimits(): RequestLimits {
    return this.#options.requestLimits;
  }

  validate(): null {
    return null;
  }

  expect(): void {
    // Nothing is ever submitted here.
  }

  submit(proposal: Proposal): void {
    const { code, message } = this.#notLeader();
    proposal.settle(refused(code, message));
  }

  keepAlive(_id: unknown, done: RenewalDone): void {
    done(this.#notLeader());
  }

  leaseRemainingMs(): null {
    return null;
  }

  read(
    request: RangeRequest,
    consistency: Consistency,
    done: (outcome: ReadOutcome, ageMs: number) => void,
  ): void {
    if (consistency === 'linearizable') {
      done(this.#notLeader(), 0);
      return;
    }
    if (consistency !== 'serializable') {
      done(this.#notHeld(), 0);
      return;
    }
    const { replica } = this.#options;
    const answer = replica.read(request);
    if (!(answer instanceof Promise)) done(answer, replica.ageMs);
    else
      answer.then(
        (outcome) => done(outcome, replica.ageOf?.(request) ?? replica.ageMs),
        (error: unknown) => done(new TanistError('unavailable', `the read failed: ${String(error)}`), 0),
      );
  }

  watch(request: WatchRequest, sink: WatchSink): WatchHandle {
    const { replica } = this.#options;
    if (request.latest === true && replica.watch !== undefined) return replica.watch(request, sink);
    const { code, message } = this.#notLeader();
    queueMicrotask(() => sink.ended({ kind: 'failed', code, message }));
    const nothing = (): void => undefined;
    return { cancel: nothing, resume: nothing, requestProgress: nothing };
  }

  /** It holds no state that a transaction could be read of: the leader has it. */
  readTxn(_txn: TxnCommand, _how: Consistency, done: (outcome: TxnReadOutcome) => void): void {
    done(null);
  }

  complete(): Promise<never> {
    return Promise.reject(this.#notLeader());
  }

  routing(): Routing {
    const { hotNodes, configured } = this.#options;
    const heard = hotNodes.routing;
    return heard === null
      ? { term: term(0), leader: null, members: configured, succession: [], lineage: this.#lineage() }
      : this.#asOwn(heard);
  }

  onRouting(listener: (routing: Routing) => void): () => void {
    return this.#options.hotNodes.onRouting((routing) => listener(this.#asOwn(routing)));
  }

  transfer(): Promise<never> {
    return Promise.reject(this.#notLeader());
  }

  // biome-ignore lint/correctness/useYield: it refuses before there is anything
  async *backup(): AsyncGenerator<never> {
    throw this.#notLeader();
  }

  members(): readonly MemberInfo[] {
    return this.#options.replica.members.map((facts) => ({ voter: false, learner: false, ...facts }));
  }

  changeMember(): Promise<never> {
    return Promise.reject(this.#notLeader());
  }

  member(id: NodeId): MemberView {
    const measurements = {
      id,
      silentMs: this.#options.hotNodes.silentMs(id),
      patienceMs: 1,
      match: logIndex(0),
      roundTripMs: null,
      self: null,
      doubt: null,
    };
    return { measurements, report: null, score: { value: 0, terms: [] } };
  }

  replica(id: NodeId): ReplicaView | null {
    return id === this.id ? { report: this.#options.replica.report(), ageMs: 0, reachable: true } : null;
  }

  /** Others are the leader's to weigh. */
  weigh(): null {
    return null;
  }

  modelsOf(id: NodeId): string {
    return id === this.id ? (this.#options.prediction?.said()?.models ?? '') : '';
  }

  get prediction(): OnlinePrediction | null {
    return this.#options.prediction;
  }

  /** Rounds and contributions are of hot nodes. */
  readonly learning = null;

  tiers(): null {
    return null;
  }

  silentMs(): number {
    return this.#options.replica.ageMs;
  }

  bootCounterOf(): number {
    return 0;
  }

  inspect(): NodeInspection {
    const { replica } = this.#options;
    const { term: at, leader, succession, members } = this.routing();
    const position = replica.position();
    const index = logIndex(position?.index ?? 0);
    const hot = members.filter(({ tier }) => tier === 'hot').map(({ id }) => id);
    const keys = replica.gauges().keys;
    const inspected = (space: Space) => ({
      revision: this.state.revision(space),
      compacted: this.state.compacted(space),
      keys: space === 'user' ? keys : 0,
      digest: '',
    });
    return {
      raft: {
        id: this.id,
        role: 'follower',
        term: at,
        leader,
        vote: null,
        commit: index,
        applied: index,
        last: { index, term: at },
        durable: index,
        configuration: { voters: hot, outgoing: [], learners: [] },
        succession,
        handsOverTo: null,
        progress: new Map(),
      },
      applied: index,
      clusterTimeMs: clusterTimeMs(position?.timeMs ?? 0),
      spaces: {
        user: inspected('user'),
        planes: inspected('planes'),
        system: inspected('system'),
        predicted: inspected('predicted'),
      },
      sessions: 0,
      leases: position?.leases ?? 0,
      doubtedPeers: new Set(),
      open: false,
      alarms: [],
      liveBytes: replica.gauges().bytes,
      restoring: position === null,
      applying: false,
      doubt: null,
      logDoubt: null,
      rebuilds: 0,
      scrub: replica.scrubStatus,
    };
  }

  gauges(): Promise<NodeGauges> {
    return Promise.resolve({
      commandsWaiting: 0,
      commandsFailed: 0,
      readsWaiting: 0,
      watchers: this.#options.replica.watchers ?? 0,
      peerBytesReceived: 0,
      logBytes: 0,
      imageBytes: this.#options.replica.gauges().bytes,
      quotaBytes: 0,
      loopLagMs: 0,
      signs: {},
      handOvers: [],
      logSyncs: new Durations(0.001, 1),
      roundTrips: new Map(),
    });
  }

  /** What it does not serve refuses by itself. */
  checkServes(): void {}

  wholeState(): Promise<never> {
    return Promise.reject(this.#notLeader());
  }

  /** Reads all that it has stored, now, and says what is wrong. Errors: `stopping`. */
  scrub(): Promise<readonly string[]> {
    return this.#options.replica.scrub();
  }

  repair(): void {
    throw this.#notLeader();
  }

  replication(): ReplicationGauges {
    const { replica, hotNodes } = this.#options;
    return { ...replica.gauges(), bytesReceived: hotNodes.bytesReceived };
  }

  #lineage(): Lineage | null {
    return this.#options.replica.position()?.held.lineage ?? null;
  }

  /** What hot nodes say is passed on as of the lineage that this replica holds; of another one, it knows of no leader. */
  #asOwn(heard: Routing): Routing {
    const own = this.#lineage();
    const same = own === null || heard.lineage == null || compareLineage(own, heard.lineage) === 'same';
    if (same) return heard;
    return { ...heard, leader: null, succession: [], lineage: own };
  }

  #revisions(): Readonly<Record<Space, Revision>> | null {
    return this.#options.replica.position()?.held.revisions ?? null;
  }

  #notHeld(): TanistError {
    return new TanistError(
      'not-held',
      `a ${this.tier} replica holds no predictions: ask a hot one, or this one with consistency serializable`,
    );
  }

  #notLeader(): TanistError {
    const { leader, members } = this.routing();
    const address = members.find(({ id }) => id === leader)?.clientAddress ?? '';
    const where =
      leader === null ? 'no leader is known at present' : `ask the leader, ${leader} at ${address}`;
    return new TanistError(
      'not-leader',
      `this is a ${this.tier} replica, which answers serializable reads of what it holds; ${where}`,
    );
  }
}
