import { TanistError } from '../../foundation/errors.ts';
import { type NodeId, nodeId } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { ReplicaReport } from '../../ports/replication.ts';
import { markedRows } from '../peers/context-rows.ts';
import { mostReplicas, ReplicaStarts, replicaSilentMs } from './replica-starts.ts';

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
  /** A further process of one id is refused from now on. */
  readonly #refuses: () => void;
  /** Fed by this node. */
  readonly #own = new Map<NodeId, Entry>();
  readonly #told = new Map<NodeId, Entry>();
  readonly #starts = new ReplicaStarts();
  /** By the leader's word: when it said so. */
  readonly #refusedByLeader = new Map<string, number>();

  constructor(clock: Clock, refuses: () => void = () => {}) {
    this.#clock = clock;
    this.#refuses = refuses;
  }

  reported(report: ReplicaReport): void {
    this.#note(this.#own, report);
  }

  /** A peer says these of the replicas that it feeds. */
  told(reports: readonly ReplicaReport[]): void {
    for (const report of reports) this.#note(this.#told, report);
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

  /**
   * Where it says that it is reached; null unless it said so of late: an operator may have said otherwise since. While two say that they are it, neither is
   * believed.
   */
  publishedBy(id: NodeId): MemberFacts | null {
    const replica = this.of(id);
    if (replica?.reachable !== true || !this.#starts.isOne(id, this.#clock.nowMs())) return null;
    return replica.report.facts;
  }

  /** Why this process of a replica is not fed; null: it is. */
  refusalOf(id: NodeId, start: string): TanistError | null {
    const nowMs = this.#clock.nowMs();
    const saidMs = this.#refusedByLeader.get(keyOf(id, start));
    const byLeader = saidMs !== undefined && nowMs - saidMs < replicaSilentMs;
    if (!byLeader && !this.#starts.isRefused(id, start, nowMs)) return null;
    return new TanistError(
      'duplicate-node',
      `another process is alive as ${id}, on another data folder, and is the one that counts: every node needs an id of its own; stop one of the two`,
    );
  }

  /** What a leader tells its followers: they feed those. */
  refusedRows(): readonly (readonly string[])[] {
    return this.#starts.refused(this.#clock.nowMs()).map(([id, start]) => [mark, id, start]);
  }

  leaderSays(context: Uint8Array): void {
    const nowMs = this.#clock.nowMs();
    let isNew = false;
    for (const [id, start] of refusedIn(context)) {
      const key = keyOf(id, start);
      isNew ||= nowMs - (this.#refusedByLeader.get(key) ?? Number.NEGATIVE_INFINITY) >= replicaSilentMs;
      this.#refusedByLeader.set(key, nowMs);
    }
    for (const [key, saidMs] of this.#refusedByLeader)
      if (nowMs - saidMs >= replicaSilentMs) this.#refusedByLeader.delete(key);
    if (isNew) this.#refuses();
  }

  #note(book: Map<NodeId, Entry>, report: ReplicaReport): void {
    const nowMs = this.#clock.nowMs();
    const isNew = this.#starts.heard(report, nowMs);
    if (isNew) this.#refuses();
    if (this.#starts.isRefused(report.id, report.start ?? '', nowMs)) return;
    if (!book.has(report.id) && book.size >= mostReplicas) return;
    book.set(report.id, { report, heardMs: nowMs });
  }
}

const none: readonly ReplicaReport[] = [];
const mark = 'second';
const mostRows = 4096;

function keyOf(id: string, start: string): string {
  return `${id} ${start}`;
}

/** Of rows beside those of `peers/peer-view.ts`; whoever does not know them passes over them. */
function refusedIn(context: Uint8Array): readonly (readonly [NodeId, string])[] {
  return markedRows(context, mark)
    .slice(0, mostRows)
    .flatMap(([id, start]) =>
      typeof id === 'string' && typeof start === 'string' ? [[nodeId(id), start] as const] : [],
    );
}
