import { type LogIndex, logIndex, type NodeId, type Term } from '../../foundation/ids.ts';
import type { LogEntry } from '../../ports/log-store.ts';
import { createInvariantChecker, type NodeView } from '../../raft/invariants.ts';
import type { RaftMessage } from '../../raft/message.ts';
import type { RaftStatus } from '../../raft/raft.ts';
import type { Machine } from '../machine.ts';
import type { DurableLog } from './durable-log.ts';
import type { Findings } from './findings.ts';
import { LeaseTimes } from './lease-times.ts';

interface Known {
  incarnation: number;
  /** Raft's status after the last step; null: down. */
  status: RaftStatus | null;
  /** Applied in this incarnation. */
  readonly entries: Map<number, LogEntry>;
  lastApplied: number;
  log: DurableLog | null;
  lostItsDisk: boolean;
  /** The durable index when terms were last looked at. */
  checkedTo: number;
}

/**
 * State-machine safety from what nodes apply (Raft §5.4.3), Raft's own invariants from their status, and the promise that an
 * acknowledged append survives every crash that leaves the disk alone.
 */
export class LogChecks {
  readonly leases: LeaseTimes;
  readonly #findings: Findings;
  /** Of the lineage's first log, as its first process found it. */
  #first: LogIndex | null = null;
  readonly #checker = createInvariantChecker(() => this.#first ?? logIndex(1));
  readonly #known = new Map<string, Known>();
  /** By index, what was first applied anywhere. */
  readonly #applied = new Map<number, LogEntry>();
  /** By store: the highest index that was acknowledged as durable, with the term of the acknowledgement. */
  readonly #promised = new Map<string, { readonly index: number; readonly term: number }>();
  #highest = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
    this.leases = new LeaseTimes(findings);
  }

  /** The highest index applied anywhere. */
  get highest(): number {
    return this.#highest;
  }

  applying(machine: Machine, entry: LogEntry): void {
    const known = this.#of(machine.id);
    const first = this.#applied.get(entry.index);
    if (first === undefined) {
      this.#applied.set(entry.index, entry);
      this.#highest = Math.max(this.#highest, entry.index);
      this.leases.applied(entry);
    } else if (first !== entry) {
      const same =
        first.term === entry.term &&
        first.kind === entry.kind &&
        Buffer.compare(first.payload, entry.payload) === 0;
      if (!same) {
        this.#findings.report(
          'state-machine-safety',
          `${machine.id} applies ${entry.kind}@${entry.term} at ${entry.index}, elsewhere ${first.kind}@${first.term} was applied`,
        );
      }
    }
    // An image from a peer may be of a little before what this replica had applied to its lost one.
    const rebuilds = machine.node?.doubt !== null ? -1 : 0;
    if (rebuilds === 0 && known.lastApplied > 0 && entry.index !== known.lastApplied + 1) {
      const skipped = machine.node !== null && entry.index > known.lastApplied + 1;
      // A snapshot takes a replica forward; nothing takes it back.
      if (!skipped) {
        this.#findings.report(
          'apply-order',
          `${machine.id} applies ${entry.index} after ${known.lastApplied}`,
        );
      }
    }
    known.lastApplied = entry.index;
    known.entries.set(entry.index, entry);
    known.entries.delete(entry.index - 256);
  }

  sent(message: RaftMessage, store: string, log: DurableLog): void {
    if (message.type !== 'appendReply' || message.rejected) return;
    const last = log.last();
    if (last < message.match) {
      this.#findings.report(
        'acknowledged-append-durable',
        `${message.from} acknowledges entries up to ${message.match}, its disk ends at ${last}`,
      );
    }
    const before = this.#promised.get(store);
    if (before === undefined || before.term < message.term || before.index < message.match) {
      this.#promised.set(store, { index: message.match, term: message.term });
    }
  }

  /** A process came up: what it acknowledged and what became committed must still be there. */
  opened(machine: Machine, status: RaftStatus, store: string, exempt: boolean): void {
    const known = this.#of(machine.id);
    this.#first ??= logIndex(machine.log.compacted() + 1);
    known.incarnation++;
    known.entries.clear();
    known.lastApplied = 0;
    known.status = null;
    // Its disk was changed behind its back: what was acknowledged with another content binds it no more.
    if (exempt) this.#promised.delete(store);
    const promised = this.#promised.get(store);
    if (promised === undefined) return;
    const needed = Math.min(promised.index, this.#highest);
    if (status.last.index < needed) {
      this.#findings.report(
        'acknowledged-append-kept',
        `${machine.id} acknowledged entries up to ${promised.index}, ${needed} of them were committed, and comes back with ${status.last.index}`,
      );
    }
  }

  lostDisk(machine: Machine): void {
    this.#of(machine.id).lostItsDisk = true;
  }

  ended(machine: Machine): void {
    this.#of(machine.id).status = null;
  }

  step(machine: Machine): void {
    const { node } = machine;
    if (node === null) return;
    const known = this.#of(machine.id);
    known.status = node.raftStatus;
    known.log ??= machine.log;
    this.#checkTerms(machine, known);
    this.#findings.guard('raft', () => this.#checker.check(this.#views()));
  }

  /** Terms never fall along a log (Raft §5.3). */
  #checkTerms({ id, log }: Machine, known: Known): void {
    const durable = known.status?.durable ?? 0;
    if (durable === known.checkedTo) return;
    known.checkedTo = durable;
    let after = log.entry(durable);
    for (let index = durable - 1; index > durable - 16 && after !== null; index--) {
      const entry = log.entry(index);
      if (entry !== null && entry.term > after.term) {
        this.#findings.report(
          'log-terms-ascend',
          `${id} has stored ${index}@${entry.term} before ${after.index}@${after.term}`,
        );
        return;
      }
      after = entry;
    }
  }

  /** The first heir of a heartbeat has all that the leader calls committed in it (failover.md). */
  succession(message: RaftMessage, status: RaftStatus): void {
    if (message.type !== 'heartbeat' || status.role !== 'leader' || status.term !== message.term) return;
    const heir = message.succession[0];
    if (heir === undefined) return;
    const has = (id: NodeId): boolean => (status.progress.get(id)?.match ?? 0) >= message.commit;
    const match = status.progress.get(heir)?.match ?? 0;
    // If no heir reaches the commit index there is nobody better to name.
    if (!has(heir) && message.succession.some(has)) {
      this.#findings.report(
        'succession',
        `${message.from} names ${heir} as first heir, whose log reaches ${match}, not the commit index ${message.commit}`,
      );
    }
  }

  #views(): readonly NodeView[] {
    return [...this.#known].map(([id, known]) => ({
      id: id as NodeId,
      incarnation: known.incarnation,
      status: known.status,
      entryAt: (index: LogIndex) => {
        const { status, entries, log } = known;
        // Up to there the disk holds what the memory holds.
        const stored = status !== null && index <= status.durable;
        return entries.get(index) ?? (stored ? (log?.entry(index) ?? null) : null);
      },
      storedTerm: (index: LogIndex): Term | 'compacted' | null => {
        const { log } = known;
        if (log === null) return null;
        // It had it, and then lost its disk.
        if (known.lostItsDisk) return 'compacted';
        return index <= log.compacted() ? 'compacted' : (log.entry(index)?.term ?? null);
      },
    }));
  }

  #of(id: string): Known {
    let known = this.#known.get(id);
    if (known === undefined) {
      known = {
        incarnation: 0,
        status: null,
        entries: new Map(),
        lastApplied: 0,
        log: null,
        lostItsDisk: false,
        checkedTo: 0,
      };
      this.#known.set(id, known);
    }
    return known;
  }
}
