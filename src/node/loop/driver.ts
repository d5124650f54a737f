import { present } from '../../foundation/assert.ts';
import { Durations } from '../../foundation/durations.ts';
import { asError, TanistError } from '../../foundation/errors.ts';
import { type LogIndex, logIndex, type NodeId, type Term } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LogEntry, LogPoint, LogStore } from '../../ports/log-store.ts';
import type { Transport } from '../../ports/transport.ts';
import type { RaftMessage } from '../../raft/message.ts';
import type { Raft } from '../../raft/raft.ts';
import type { Persist, Ready, SoftState } from '../../raft/ready.ts';
import type { ReadQueue } from '../reads/reads.ts';
import type { ProposalQueue } from '../writes/proposals.ts';

export interface DriverParts {
  readonly raft: Raft;
  readonly log: LogStore;
  readonly clock: Clock;
  readonly transport: Transport<RaftMessage>;
  readonly proposals: ProposalQueue;
  readonly reads: ReadQueue;
  /** Applies entries in order; says how many it took. Fewer than given: call again in a later turn. */
  readonly apply: (entries: readonly LogEntry[]) => number;
  /** An entry that sets who counts is in the log: before it is sent, stored or applied. */
  readonly configurationAppended: (entry: LogEntry) => void;
  /** The newest block of those that went into the log. */
  readonly blockAppended: (entry: LogEntry) => void;
  readonly roleChanged: (soft: SoftState) => void;
  /** Leadership is won, and nobody has heard of it: what is proposed now is stored, sent and committed together with the no-op. */
  readonly elected: (term: Term) => void;
  readonly sendSnapshot: (to: NodeId) => void;
  /** A member lost what it had acknowledged. */
  readonly lostPeer: (peer: NodeId) => void;
  /** False: it could not be taken over, and everything is as before. */
  readonly install: (install: NonNullable<Ready['install']>) => Promise<boolean>;
  /** The disk refuses writes for now; resolves when it is worth trying again. */
  readonly roomOnDisk: (error: TanistError) => Promise<void>;
  /** The log store has lost entries that a peer needs. */
  readonly logDamaged: (error: TanistError, through: LogIndex) => void;
  readonly failed: (error: Error) => void;
}

/**
 * The one loop of a node: inputs → `Ready` → persist, send, apply, reply. Everything that arrives in a turn of the event loop is handled
 * in one go at its end, so messages, blocks and replies batch by themselves.
 */
export class Driver {
  readonly #parts: DriverParts;
  #ledTerm: Term | null = null;
  #scheduled = false;
  #inTurn = false;
  #stopped = false;
  #installing = false;
  #toApply: LogEntry[] = [];
  /** The state is not that of the log: committed entries are let go, and read again once there is a state to apply them to. */
  #withheld = false;
  /** The state has these already: it was ahead of what Raft had handed out. */
  #skipThrough = logIndex(0);
  #toPersist: Persist[] = [];
  #persistScheduled = false;
  #applyScheduled = false;
  #refused: Persist[] = [];
  /** They may be written now. */
  #hasRoom = false;
  #syncMs = 0;
  /** Durations of synced appends, in etcd's buckets. */
  readonly syncs = new Durations(0.001, 14);

  constructor(parts: DriverParts) {
    this.#parts = parts;
  }

  /** There may be something to do: look at the end of this turn. */
  wake(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#parts.clock.soon(() => this.#guarded(() => this.#turn()));
  }

  /**
   * After inputs that an election may be waiting for: looks now instead of at the end of the turn. What is written to a socket leaves before the event loop turns to
   * other sockets, of which a failover has many. What may take its share of a turn, to apply and to serve, comes at the end: once, however many inputs there were.
   */
  hurry(): void {
    if (!this.#inTurn) this.#guarded(() => this.#within(() => this.#handleAll()));
    this.wake();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** From now on nothing is applied: the state is not what the log makes of it. */
  withhold(): void {
    this.#withheld = true;
    this.#letGo();
  }

  /** The state is that of `at`: applies what followed meanwhile, from the log store, then goes on as ever. */
  async catchUp(at: LogIndex): Promise<void> {
    const { raft, log, clock, apply } = this.#parts;
    for (let reached = at; ; ) {
      const { applied } = raft.status;
      if (reached >= applied) {
        this.#withheld = false;
        this.#skipThrough = reached;
        this.wake();
        return;
      }
      const entries = await log.read(logIndex(reached + 1), logIndex(applied + 1), limits.blockBytes);
      if (entries.length === 0)
        throw new TanistError('unavailable', `entry ${reached + 1} is not in the log`);
      for (let left = entries; left.length > 0; ) {
        if (this.#stopped) throw new TanistError('closed', 'the node stops');
        const taken = apply(left);
        // None: the first one takes several turns.
        reached = left[taken - 1]?.index ?? reached;
        left = left.slice(taken);
        await new Promise<void>((resolve) => clock.soon(resolve));
      }
    }
  }

  #letGo(): void {
    const last = this.#toApply.at(-1);
    this.#toApply = [];
    if (last !== undefined) this.#parts.raft.applied(last.index);
  }

  #guarded(act: () => void): void {
    if (this.#stopped) return;
    try {
      act();
    } catch (error) {
      this.#parts.failed(asError(error));
    }
  }

  #turn(): void {
    this.#scheduled = false;
    this.#within(() => this.#lookAtAll());
  }

  #within(act: () => void): void {
    this.#inTurn = true;
    try {
      act();
    } finally {
      this.#inTurn = false;
    }
  }

  #lookAtAll(): void {
    this.#parts.reads.flush();
    const gaveToDisk = this.#handleAll();
    if (gaveToDisk && this.#toApply.length > 0) this.#applySoon();
    else this.#applyAndPropose();
  }

  #applyAndPropose(): void {
    const { proposals } = this.#parts;
    this.#applySome();
    while (proposals.flush()) {
      this.#handleAll();
      this.#applySome();
    }
    this.#handleAll();
    if (this.#toApply.length > 0 && !this.#installing) this.wake();
  }

  /** The disk begins with what it was given when the turn is over. The quorum waits for it, and for what is applied here nobody does. */
  #applySoon(): void {
    if (this.#applyScheduled) return;
    this.#applyScheduled = true;
    this.#parts.clock.soon(() => this.#guarded(() => this.#applyTurn(true)));
  }

  /** `polite`: lets one turn that is due go first, which may have something for the disk again. */
  #applyTurn(polite: boolean): void {
    if (polite && this.#scheduled) {
      this.#parts.clock.soon(() => this.#guarded(() => this.#applyTurn(false)));
      return;
    }
    this.#applyScheduled = false;
    this.#within(() => this.#applyAndPropose());
  }

  /** A new leader's first block leaves together with its no-op. Says whether the log store was given anything. */
  #handleAll(): boolean {
    const { proposals } = this.#parts;
    let sending = false;
    for (let ready = this.#next(); ready !== null; ready = this.#next()) {
      this.#handle(ready);
      if (ready.messages.length > 0) sending = true;
      if (ready.soft?.role === 'leader') proposals.flush();
    }
    return this.#persistAfter(sending);
  }

  #next(): Ready | null {
    const { raft, elected } = this.#parts;
    const { role, term } = raft.status;
    if (role === 'leader' && term !== this.#ledTerm) {
      this.#ledTerm = term;
      elected(term);
    }
    return raft.ready();
  }

  #handle(ready: Ready): void {
    const { transport, reads, raft } = this.#parts;
    if (ready.soft !== null) this.#parts.roleChanged(ready.soft);
    if (ready.persist !== null) this.#noteAppended(ready.persist.entries);
    for (const message of ready.messages) transport.send(message.to, message);
    if (ready.persist !== null) this.#toPersist.push(ready.persist);
    for (const entry of ready.committed) this.#toApply.push(entry);
    for (const read of ready.reads) reads.confirmed(read);
    if (ready.reads.length > 0) reads.applied(raft.status.applied);
    for (const { to } of ready.snapshots) this.#parts.sendSnapshot(to);
    for (const peer of ready.lostPeers) this.#parts.lostPeer(peer);
    for (const read of ready.logReads) this.#readLog(read);
    if (ready.install !== null) this.#install(ready.install);
  }

  #noteAppended(entries: readonly LogEntry[]): void {
    for (const entry of entries) if (entry.kind === 'configuration') this.#parts.configurationAppended(entry);
    const block = entries.findLast(({ kind }) => kind === 'commands');
    if (block !== undefined) this.#parts.blockAppended(block);
  }

  /**
   * What peers shall get goes out before this node turns to its own disk: handing a block to the disk takes longer than handing it to a
   * socket, and theirs is the longer way.
   */
  #persistAfter(sending: boolean): boolean {
    if (this.#toPersist.length === 0) return false;
    if (!sending && !this.#persistScheduled) {
      this.#persistAll();
      return true;
    }
    if (sending) this.#parts.transport.flush();
    if (this.#persistScheduled) return false;
    this.#persistScheduled = true;
    this.#parts.clock.soon(() =>
      this.#guarded(() => {
        this.#persistScheduled = false;
        this.#persistAll();
      }),
    );
    return false;
  }

  #persistAll(): void {
    const waiting = this.#toPersist;
    this.#toPersist = [];
    for (const one of waiting) this.#persist(one);
  }

  #persist(persist: Persist): void {
    if (this.#refused.length > 0) this.#refused.push(persist);
    else this.#append(persist);
  }

  /** Smoothed duration of a synced append. */
  get syncMs(): number {
    return this.#syncMs;
  }

  #append(persist: Persist): void {
    const { hardState, entries } = persist;
    const startMs = this.#parts.clock.nowMs();
    const change = hardState === null ? { entries } : { hardState, entries };
    this.#parts.log.append(change).then(
      () =>
        this.#guarded(() => {
          const tookMs = this.#parts.clock.nowMs() - startMs;
          this.#syncMs += (tookMs - this.#syncMs) / 16;
          this.syncs.observe(tookMs);
          this.#durable(persist);
        }),
      (error: unknown) => this.#guarded(() => this.#refusedByDisk(persist, error)),
    );
  }

  #durable(persist: Persist): void {
    this.#parts.raft.persisted(persist.token);
    for (const message of persist.messages) this.#parts.transport.send(message.to, message);
    if (persist.messages.length > 0) this.#parts.transport.flush();
    if (this.#parts.raft.unsettled) this.hurry();
    else this.wake();
  }

  /** A full disk refuses an append and all behind it, with nothing written: they are tried again, in order, when there is room. */
  #refusedByDisk(persist: Persist, error: unknown): void {
    if (!(error instanceof TanistError) || error.code !== 'disk-full') throw error;
    this.#refused.push(persist);
    if (this.#refused.length > 1) return;
    this.#parts.roomOnDisk(error).then(
      () =>
        this.#guarded(() => {
          this.#hasRoom = true;
          this.#appendRefused();
        }),
      (failure: unknown) => this.#guarded(() => this.#rethrow(failure)),
    );
  }

  /** While a snapshot is taken over, the log may be another one already: what of it is still to be written is known when that is done. */
  #appendRefused(): void {
    if (!this.#hasRoom || (this.#installing && mutant.active !== 'refused-after-reset')) return;
    this.#hasRoom = false;
    const again = this.#refused;
    this.#refused = [];
    for (const one of again) this.#append(one);
  }

  #rethrow(error: unknown): never {
    throw error;
  }

  #applySome(): void {
    if (this.#toApply.length === 0 || this.#installing) return;
    if (this.#withheld) {
      this.#letGo();
      return;
    }
    while (this.#toApply.length > 0 && (this.#toApply[0]?.index ?? 0) <= this.#skipThrough) {
      const [skipped] = this.#toApply.splice(0, 1);
      if (skipped !== undefined) this.#parts.raft.applied(skipped.index);
    }
    if (this.#toApply.length === 0) return;
    const taken = this.#parts.apply(this.#toApply);
    if (taken === 0) return;
    const last = present(this.#toApply[taken - 1], 'apply takes no more than it was given');
    this.#toApply = taken === this.#toApply.length ? [] : this.#toApply.slice(taken);
    this.#parts.raft.applied(last.index);
    this.#parts.reads.applied(last.index);
  }

  #readLog(read: Ready['logReads'][number]): void {
    this.#parts.log.read(read.from, read.until, read.maxBytes).then(
      (entries) => this.#guarded(() => this.#handBack(read.to, entries)),
      (error: unknown) =>
        this.#guarded(() => {
          if (!(error instanceof TanistError) || (error.code !== 'closed' && error.code !== 'data-damaged'))
            throw error;
          // A peer that needs what is lost here gets an image.
          this.#handBack(read.to, null);
          if (error.code === 'data-damaged') this.#parts.logDamaged(error, logIndex(read.until - 1));
        }),
    );
  }

  #handBack(to: NodeId, entries: readonly LogEntry[] | null): void {
    this.#parts.raft.logRead(to, entries);
    this.wake();
  }

  #install(install: NonNullable<Ready['install']>): void {
    this.#installing = true;
    this.#parts.install(install).then(
      (installed) =>
        this.#guarded(() => {
          this.#installing = false;
          if (installed) this.#installed(install.point);
          else this.#parts.raft.installFailed(install.point);
          this.#appendRefused();
          this.wake();
        }),
      (error: unknown) => this.#guarded(() => this.#rethrow(error)),
    );
  }

  #installed(point: LogPoint): void {
    const { raft, reads } = this.#parts;
    this.#toApply = [];
    this.#withheld = false;
    this.#skipThrough = point.index;
    // What a full disk refused before is of a log that is gone; of it only the hard state still counts.
    this.#refused = this.#refused.map(({ token, hardState }) => ({
      token,
      hardState,
      entries: [],
      messages: [],
    }));
    raft.installed(point);
    reads.applied(point.index);
  }
}
