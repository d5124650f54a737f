import type { Divergence } from '../../failover/divergence.ts';
import type { ScoreOptions, SuspicionOptions } from '../../failover/options.ts';
import { type ReplicaMeasurements, type Score, scoreReplica } from '../../failover/score.ts';
import { rank } from '../../failover/succession.ts';
import { Suspicion } from '../../failover/suspicion.ts';
import { logIndex, type NodeId } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { ReplicaReport } from '../../ports/replication.ts';
import type { Transport } from '../../ports/transport.ts';
import type { RaftMessage } from '../../raft/message.ts';
import type { Raft } from '../../raft/raft.ts';
import type { PeerGuard } from '../peers/peer-guard.ts';
import { decodeReport, type SelfReport } from '../peers/self-report.ts';

export interface SuccessionKeeperOptions {
  readonly self: NodeId;
  readonly raft: Raft;
  readonly clock: Clock;
  readonly transport: Transport<RaftMessage>;
  readonly guard: PeerGuard;
  readonly suspicion: SuspicionOptions;
  readonly score: ScoreOptions;
  readonly report: () => SelfReport;
  /** How far its predictions are from what happened and from the others'; null: nothing is known. */
  readonly divergence: (id: NodeId) => Divergence | null;
  /** A peer tells of the replicas beyond the quorum that it feeds. */
  readonly replicas: (reports: readonly ReplicaReport[]) => void;
}

/** A member as this node knows it. */
export interface MemberView {
  readonly measurements: ReplicaMeasurements;
  readonly report: SelfReport | null;
  readonly score: Score;
}

interface Known {
  readonly suspicion: Suspicion;
  report: SelfReport | null;
}

/** A member that was heard so lately counts as alive where a change of members needs it, whatever is usual for it. */
const aliveMs = 1000;

/** What every node measures of its peers, and on the leader the succession that follows from it. */
export class SuccessionKeeper {
  readonly #options: SuccessionKeeperOptions;
  readonly #known = new Map<NodeId, Known>();
  #order: readonly NodeId[] = [];

  constructor(options: SuccessionKeeperOptions) {
    this.#options = options;
  }

  heard(from: NodeId, messages: readonly RaftMessage[]): void {
    const known = this.#of(from);
    known.suspicion.heard(this.#options.clock.nowMs());
    for (const message of messages) {
      if (message.type !== 'heartbeatReply') continue;
      const report = decodeReport(message.context);
      if (report === null) continue;
      known.report = report;
      if (report.replicas.length > 0) this.#options.replicas(report.replicas);
    }
  }

  connected(peer: NodeId): void {
    this.#of(peer).suspicion.restart(this.#options.clock.nowMs());
  }

  stalled(gapMs: number): void {
    for (const known of this.#known.values()) known.suspicion.stalled(this.#options.clock.nowMs(), gapMs);
  }

  /** Leader, now and then: ranks the heirs and hands the order to Raft. */
  rank(): readonly NodeId[] {
    const { raft, score } = this.#options;
    const { configuration, commit, last } = raft.status;
    const replicas = configuration.voters
      .filter((id) => id !== this.#options.self)
      .map((id) => this.#measure(id));
    const heirs = rank(replicas, { commit, last: last.index }, this.#order, score);
    const order = heirs.map((heir) => heir.id);
    if (order.length > 0 || replicas.length === 0) {
      this.#order = order;
      raft.setSuccession(order);
    }
    return this.#order;
  }

  /** A peer that was heard lately and is not doubted. */
  isAlive(id: NodeId): boolean {
    const { silentMs, patienceMs, doubt } = this.view(id).measurements;
    return doubt === null && silentMs < Math.max(patienceMs, aliveMs);
  }

  /** What the replica last said of where it is reached, if anything. */
  factsOf(id: NodeId): MemberFacts | null {
    return this.#known.get(id)?.report?.facts ?? null;
  }

  /** What peers say of themselves. */
  reports(): ReadonlyMap<NodeId, SelfReport> {
    return new Map(
      [...this.#known].flatMap(([id, { report }]) => (report === null ? [] : [[id, report] as const])),
    );
  }

  reportOf(id: NodeId): SelfReport | null {
    return this.#known.get(id)?.report ?? null;
  }

  view(id: NodeId): MemberView {
    const { raft, score, self, report } = this.#options;
    const own = id === self;
    const measurements = own
      ? { ...this.#measure(id), silentMs: 0, match: raft.status.last.index, roundTripMs: 0, self: report() }
      : this.#measure(id);
    return {
      measurements,
      report: own ? report() : (this.#known.get(id)?.report ?? null),
      score: scoreReplica(measurements, raft.status.last.index, score),
    };
  }

  #measure(id: NodeId): ReplicaMeasurements {
    const { raft, clock, transport, guard } = this.#options;
    const { suspicion, report } = this.#of(id);
    const divergence = this.#options.divergence(id);
    return {
      id,
      silentMs: clock.nowMs() - suspicion.silentSince(),
      patienceMs: suspicion.patienceMs(),
      match: raft.status.progress.get(id)?.match ?? logIndex(0),
      roundTripMs: transport.roundTripMs(id),
      self: report,
      doubt: guard.doubted.has(id) ? 'its disk was found empty or old' : (report?.integrity?.doubt ?? null),
      ...(divergence === null
        ? {}
        : { divergence: divergence.value, divergenceText: divergence.explanation }),
    };
  }

  #of(id: NodeId): Known {
    let known = this.#known.get(id);
    if (known === undefined) {
      known = {
        suspicion: new Suspicion(this.#options.suspicion, this.#options.clock.nowMs()),
        report: null,
      };
      this.#known.set(id, known);
    }
    return known;
  }
}
