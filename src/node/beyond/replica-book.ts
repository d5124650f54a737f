import type { NodeId } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { ReplicaReport } from '../../ports/replication.ts';

/** A replica that says nothing for so long is unreachable. */
export const replicaSilentMs = 3000;
const mostReplicas = 64;

/** What a replica beyond the quorum last said of itself, here or at a peer. */
export interface ReplicaView {
  readonly report: ReplicaReport;
  /** Since then, in ms; what a peer heard counts from when the peer told it. */
  readonly ageMs: number;
  readonly reachable: boolean;
}

interface Entry {
  readonly report: ReplicaReport;
  readonly heardMs: number;
}

/** The replicas that this node feeds, and on the leader those that its peers tell of. */
export class ReplicaBook {
  readonly #clock: Clock;
  /** Fed by this node. */
  readonly #own = new Map<NodeId, Entry>();
  readonly #told = new Map<NodeId, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  reported(report: ReplicaReport): void {
    note(this.#own, report, this.#clock.nowMs());
  }

  /** A peer says these of the replicas that it feeds. */
  told(reports: readonly ReplicaReport[]): void {
    for (const report of reports) note(this.#told, report, this.#clock.nowMs());
  }

  /** What this node has to tell its leader. */
  fed(): readonly ReplicaReport[] {
    if (this.#own.size === 0) return none;
    const nowMs = this.#clock.nowMs();
    for (const [id, { heardMs }] of this.#own) if (nowMs - heardMs >= replicaSilentMs) this.#own.delete(id);
    return [...this.#own.values()].map(({ report }) => report);
  }

  /** What those say that are reachable. */
  reports(): readonly ReplicaReport[] {
    const ids = new Set([...this.#own.keys(), ...this.#told.keys()]);
    return [...ids].flatMap((id) => {
      const view = this.of(id);
      return view?.reachable === true ? [view.report] : [];
    });
  }

  /** Null: nothing was heard of it. */
  of(id: NodeId): ReplicaView | null {
    const own = this.#own.get(id);
    const told = this.#told.get(id);
    const entry = own === undefined || (told !== undefined && told.heardMs > own.heardMs) ? told : own;
    if (entry === undefined) return null;
    const ageMs = this.#clock.nowMs() - entry.heardMs;
    return { report: entry.report, ageMs, reachable: ageMs < replicaSilentMs };
  }

  /** Where it says that it is reached; null unless it said so of late: an operator may have said otherwise since. */
  publishedBy(id: NodeId): MemberFacts | null {
    const replica = this.of(id);
    return replica?.reachable === true ? replica.report.facts : null;
  }
}

const none: readonly ReplicaReport[] = [];

function note(book: Map<NodeId, Entry>, report: ReplicaReport, heardMs: number): void {
  if (!book.has(report.id) && book.size >= mostReplicas) return;
  book.set(report.id, { report, heardMs });
}
