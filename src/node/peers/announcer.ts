import type { Signs } from '../../failover/before-death/decide-hand-over.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { Lineage } from '../../ports/replication.ts';
import { type Routing, sameRouting } from '../../protocol/status/routing.ts';
import type { Raft } from '../../raft/raft.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import type { ReplicaBook } from '../beyond/replica-book.ts';
import type { Integrity } from '../integrity/integrity.ts';
import { verdictRows } from '../integrity/verdict.ts';
import { revisionRow } from '../leading/leader-revisions.ts';
import type { Driver } from '../loop/driver.ts';
import type { Membership } from '../membership/membership.ts';
import type { UsageBook } from '../prediction/behaviour/usage-book.ts';
import type { ModelComparison } from '../prediction/model-comparison.ts';
import type { SaidOfModel } from '../prediction/model-report.ts';
import type { Tiers } from '../topology/tiers.ts';
import type { Vitals } from '../vitals.ts';
import type { DiskGuard } from '../writes/disk-guard.ts';
import type { PeerGuard } from './peer-guard.ts';
import { encodeReport, type SelfReport } from './self-report.ts';

export interface AnnouncerParts {
  readonly raft: Raft;
  readonly state: StateMachine;
  readonly guard: PeerGuard;
  /** Of which this node is. */
  readonly lineage: () => Lineage;
  readonly driver: Driver;
  readonly disk: DiskGuard;
  readonly membership: Membership;
  readonly replicas: ReplicaBook;
  readonly tiers: Tiers;
  readonly integrity: Integrity;
  readonly comparison: ModelComparison;
  readonly usages: UsageBook;
  /** What this node says of its predictions; null: it makes none. */
  readonly saidOfModel: () => SaidOfModel | null;
  /** Null: nothing is known. */
  readonly vitals: () => Vitals | null;
  readonly loopLagMs: () => number;
  readonly signs: () => Signs;
  /** The starts of members that count here. */
  readonly trustedStarts: () => readonly (readonly [NodeId, string])[];
}

/** What this node tells others: its peers of itself, in the messages of Raft, and its clients of who leads. */
export class Announcer {
  readonly #parts: AnnouncerParts;
  readonly #listeners = new Set<(routing: Routing) => void>();
  #routing: Routing;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
    this.#routing = this.#currentRouting();
  }

  /** As last told. */
  get routing(): Routing {
    return this.#routing;
  }

  /** Tells of every change of leader or succession. Returns how to stop it. */
  onRouting(listener: (routing: Routing) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  report(): SelfReport {
    const { state, driver, disk, membership, replicas, tiers, integrity, vitals, loopLagMs, signs } =
      this.#parts;
    const {
      memoryUsedBytes: used = null,
      memoryLimitBytes: limit = null,
      diskFreeBytes: free = null,
      diskBytes = null,
    } = vitals() ?? {};
    return {
      loopLagMs: loopLagMs(),
      syncMs: driver.syncMs,
      memoryUsed: used === null || limit === null ? 0 : used / limit,
      // Below the reserve there is none for writes.
      diskFree: disk.full ? 0 : free === null || diskBytes === null ? 1 : free / diskBytes,
      applied: state.applied.index,
      revision: state.revision('user'),
      facts: membership.publishing(),
      replicas: replicas.fed(),
      links: tiers.links,
      integrity: integrity.report(),
      model: this.#parts.saidOfModel(),
      signs: signs(),
      usage: this.#parts.usages.own,
      trusted: this.#parts.trustedStarts(),
    };
  }

  announce(): void {
    const { raft, state, guard, integrity, comparison, usages, replicas } = this.#parts;
    const leads = raft.status.role === 'leader';
    raft.setContext(
      leads
        ? guard.view([
            revisionRow(state),
            ...verdictRows(integrity.verdicts),
            ...replicas.refusedRows(),
            ...comparison.leaderRows(),
            ...usages.leaderRows(),
          ])
        : encodeReport(this.report()),
    );
    const before = this.#routing;
    const now = this.#currentRouting();
    if (sameRouting(before, now)) return;
    this.#routing = now;
    for (const listener of this.#listeners) listener(now);
  }

  #currentRouting(): Routing {
    const { term, leader, succession } = this.#parts.raft.status;
    const { membership, lineage } = this.#parts;
    return { term, leader, members: membership.routed, succession, lineage: lineage() };
  }
}
