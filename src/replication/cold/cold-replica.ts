import { asError, TanistError } from '../../foundation/errors.ts';
import type { NodeId, Revision } from '../../foundation/ids.ts';
import { lagAtMark } from '../../node/beyond/replica-lag.ts';
import {
  defaultScrub,
  type ScrubOptions,
  type ScrubPass,
  ScrubPasses,
  type ScrubStatus,
} from '../../node/integrity/scrub-passes.ts';
import { OwnFacts } from '../../node/membership/own-facts.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { RangeRequest } from '../../ports/command.ts';
import { sameLineage } from '../../ports/lineage-order.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { NodeEventFields, NodeLog } from '../../ports/node-log.ts';
import type {
  Lineage,
  LinkMeasurement,
  ModelSaid,
  ReplicaReport,
  ReplicaSource,
  StreamPart,
} from '../../ports/replication.ts';
import type { FailedResult, RangeResult } from '../../ports/result.ts';
import { rankSources, type SourceDirectory } from '../choose-source.ts';
import { Complaints } from '../complaints.ts';
import type { ColdFeed } from './cold-feed.ts';
import type { ColdStore } from './cold-store.ts';
import type { HeldSpace } from './keys.ts';
import type { SnapshotRecord } from './snapshot-record.ts';

export interface ColdReplicaOptions {
  readonly id: NodeId;
  /** Random, of this start of the process; absent: sources do not tell it from another one of this id. */
  readonly start?: string;
  /** Between the beginnings of two snapshots, ms. */
  readonly everyMs: number;
  /** After one that failed, ms. */
  readonly retryMs: number;
  readonly reportMs: number;
  /** How fast its rows are read in search of damage. */
  readonly scrub: ScrubOptions;
}

export const defaultColdOptions = {
  everyMs: 60_000,
  retryMs: 1000,
  reportMs: 1000,
  scrub: defaultScrub,
} as const satisfies Omit<ColdReplicaOptions, 'id' | 'start'>;

export interface ColdReplicaPorts {
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly store: ColdStore;
  readonly directory: Pick<SourceDirectory, 'offers'>;
  /** Whether it follows a source of this lineage. Absent: of any. */
  readonly accepts?: (lineage: Lineage) => boolean;
  /** Hears what comes for predictions, and of each snapshot. */
  readonly feed?: Pick<ColdFeed, 'begun' | 'past' | 'taken'>;
  /** Of this machine, for reports: used memory and free disk space, 0 to 1. */
  readonly vitals: () => { readonly memoryUsed: number; readonly diskFree: number };
  /** Smoothed duration of a write to its disk; absent: not known, 0. */
  readonly writeMs?: () => number;
  /** Measured paths to the hot nodes; absent, or none yet: only what is known of the sources. */
  readonly links?: () => readonly LinkMeasurement[];
  /** What it says of its predictions; absent: it makes none. */
  readonly model?: () => ModelSaid | null;
  /** Where it is reached, by its config. */
  readonly own?: MemberFacts;
  /** Hears of the members with every new snapshot. */
  readonly membersChanged: (members: readonly MemberFacts[]) => void;
  /** A snapshot was written: nothing of it is needed in memory any more. */
  readonly tidied: () => void;
  /**
   * It cannot go on: the disk failed in a way that is final (`storage-failed`), so that what reached it is unknown and the process has to begin anew; or
   * the member was removed from the cluster (`member-removed`).
   */
  readonly broken: (error: TanistError) => void;
}

export interface ColdAnswer {
  readonly result: RangeResult | FailedResult;
  readonly snapshot: SnapshotRecord;
  /** Since the snapshot was known to be all there is, ms. */
  readonly ageMs: number;
}

export interface ColdCounts {
  readonly taken: number;
  readonly quarantined: number;
  readonly sourceChanges: number;
  readonly diskBytes: number;
}

/** How long a stream may say nothing: its source may have to look at many keys that have not changed. */
const silentMs = 30_000;
/** A source that failed is not the first choice for so long. */
const grudgeMs = 5000;

/**
 * A cold replica at work: takes a snapshot at an interval and when it is asked to, retries what failed, tidies up, scrubs at a bounded rate, and says how it
 * is. One thing is done to the store at a time but for reads and the scrub.
 */
export class ColdReplica {
  readonly #options: ColdReplicaOptions;
  readonly #ports: ColdReplicaPorts;
  readonly #timers = new Set<Timer>();
  readonly #stopped = new AbortController();
  #taking: Promise<SnapshotRecord | null> | null = null;
  readonly #scrubs: ScrubPasses;
  #tidying: Promise<void> | null = null;
  /** Whom it follows, between two snapshots too: what it says of itself goes there. */
  #source: ReplicaSource | null = null;
  #stream: AbortController | null = null;
  #links: readonly LinkMeasurement[] = [];
  readonly #own: OwnFacts;
  #paused = false;
  /** Those who said that the newest snapshot was never committed. */
  readonly #contradicts = new Set<NodeId>();
  readonly #failedAtMs = new Map<NodeId, number>();
  readonly #counts = { taken: 0, quarantined: 0, sourceChanges: 0, diskBytes: 0 };
  #lastError: Error | null = null;
  /** Reports so far. */
  #said = 0;
  readonly #complaints: Complaints;
  /** What was said to fail since the last snapshot. */
  readonly #told = new Set<string>();
  /** When what is held was last known to be all there is, by the host's calendar. */
  #freshAtMs: number;

  constructor(options: ColdReplicaOptions, ports: ColdReplicaPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#own = new OwnFacts(ports.own ?? null);
    this.#complaints = new Complaints(ports.nodeLog);
    this.#freshAtMs = ports.store.newest?.takenAtMs ?? 0;
    this.#scrubs = new ScrubPasses({
      scrub: options.scrub,
      clock: ports.clock,
      yieldTurn: () => this.#soon(),
      pass: (pass) => this.#pass(pass),
      failed: () => {},
    });
  }

  start(): void {
    this.#later(0, () => this.#turn());
    this.#later(this.#options.reportMs, () => this.#report());
    this.#scrubs.start();
  }

  /** What it holds does not change from when this resolves, until `resume`. */
  async pause(): Promise<void> {
    this.#paused = true;
    if (this.#taking !== null) this.#stream?.abort();
    await this.#taking?.catch(() => undefined);
    await this.#tidying;
  }

  resume(): void {
    this.#paused = false;
  }

  /** The store may be closed when it resolves. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    // A stream that says nothing would be waited for.
    if (this.#taking !== null) this.#stream?.abort();
    for (const timer of this.#timers) timer.cancel();
    await this.#taking?.catch(() => undefined);
    await this.#tidying;
    await this.#scrubs.stop();
    this.#stream?.abort();
  }

  get id(): NodeId {
    return this.#options.id;
  }

  /** Whom it follows; null: nobody yet. */
  get source(): NodeId | null {
    return this.#source?.id ?? null;
  }

  /** Since the start, but for what the disk holds. */
  get counts(): ColdCounts {
    return this.#counts;
  }

  async diskBytes(): Promise<number> {
    const { store } = this.#ports;
    // LevelDB tells of tables only: what is in none yet is the newest snapshot's.
    this.#counts.diskBytes = Math.max(await store.sizeBytes(), store.newest?.bytes ?? 0);
    return this.#counts.diskBytes;
  }

  get snapshots(): readonly SnapshotRecord[] {
    return this.#ports.store.snapshots;
  }

  /** Null: fine. */
  get trouble(): string | null {
    const damage = this.#ports.store.trouble;
    if (damage !== null) return damage;
    return this.#lastError === null ? null : `the last snapshot failed: ${this.#lastError.message}`;
  }

  get ageMs(): number {
    return this.#freshAtMs === 0
      ? Number.POSITIVE_INFINITY
      : Math.max(0, this.#ports.clock.wallMs() - this.#freshAtMs);
  }

  /** Takes one now, or joins the one under way. The new one, or null: nothing has changed. */
  take(): Promise<SnapshotRecord | null> {
    if (this.#stopped.signal.aborted) return Promise.reject(stops());
    if (this.#paused) return Promise.reject(new TanistError('unavailable', 'this replica is being promoted'));
    this.#taking ??= this.#take().finally(() => {
      this.#taking = null;
    });
    return this.#taking;
  }

  /** Errors: those of `ColdStore.read`. */
  async read(request: RangeRequest): Promise<ColdAnswer> {
    const { store } = this.#ports;
    try {
      const { result, snapshot } = await store.read(request);
      return { result, snapshot, ageMs: this.#ageOf(snapshot) };
    } catch (error) {
      if (error instanceof TanistError && error.code === 'under-doubt') this.#repair();
      throw error;
    }
  }

  /** Of what is read at this revision (0: the latest), ms. */
  ageOf(space: HeldSpace, at: Revision): number {
    const { store } = this.#ports;
    const snapshot = at === 0 ? store.newest : store.snapshots.findLast((one) => one.revisions[space] === at);
    return snapshot === null || snapshot === undefined ? 0 : this.#ageOf(snapshot);
  }

  #ageOf(snapshot: SnapshotRecord): number {
    const { store, clock } = this.#ports;
    return snapshot === store.newest ? this.ageMs : Math.max(0, clock.wallMs() - snapshot.takenAtMs);
  }

  get scrubStatus(): ScrubStatus {
    return this.#scrubs.status;
  }

  /** Reads all that is stored, now, and says what is wrong. Errors: `stopping`. */
  scrub(): Promise<readonly string[]> {
    if (this.#stopped.signal.aborted) return Promise.reject(stops());
    return this.#scrubs.now();
  }

  report(): ReplicaReport {
    const { store, vitals, links, writeMs, model } = this.#ports;
    const ageMs = this.ageMs;
    const measured = links?.() ?? [];
    const members = store.newest?.members ?? [];
    this.#said += 1;
    const { id, start } = this.#options;
    return {
      id,
      ...(start === undefined ? {} : { start, said: this.#said }),
      tier: 'cold',
      held: store.held(),
      lagRevisions: lagAtMark(store.newest),
      lagMs: Number.isFinite(ageMs) ? ageMs : 0,
      trouble: this.trouble,
      syncMs: writeMs?.() ?? 0,
      ...vitals(),
      links: measured.length > 0 ? measured : this.#links,
      facts: this.#own.publishing((id) => members.find((member) => member.id === id)),
      model: model?.() ?? null,
    };
  }

  async #take(): Promise<SnapshotRecord | null> {
    const { store, clock, nodeLog, membersChanged, tidied } = this.#ports;
    const stream = new AbortController();
    let source: ReplicaSource | null = null;
    let parts: AsyncIterator<StreamPart> | null = null;
    try {
      source = await this.#choose();
      this.#stream?.abort();
      this.#stream = stream;
      if (this.#stopped.signal.aborted) throw stops();
      if (this.#source !== source) this.#counts.sourceChanges++;
      this.#source = source;
      const held = store.held();
      const beganAtMs = clock.wallMs();
      const { id, start } = this.#options;
      const own = start === undefined ? {} : { start };
      const request = { replica: id, ...own, mode: 'latest', held: held ?? store.seen() } as const;
      parts = source.follow(request, stream.signal)[Symbol.asyncIterator]();
      const coming = this.#untilMark(parts, stream);
      // Asked for first: where the disk refuses at once, the source would not hear why.
      const first = await coming.next();
      const snapshot = await store.receive(held, beginningWith(first, coming));
      const { id: from } = source;
      // Refused after all, perhaps: two processes of one id are told apart only after a while.
      void parts.next().catch((error: unknown) => {
        if (this.#complaints.refused(from, error)) this.#lastError = asError(error);
      });
      this.#freshAtMs = beganAtMs;
      this.#lastError = null;
      this.#counts.taken++;
      this.#complaints.over();
      this.#told.clear();
      this.#contradicts.clear();
      source.report(this.report());
      if (snapshot !== null) {
        clock.soon(tidied);
        nodeLog.info('snapshot-taken', describe(snapshot, source.id));
        membersChanged(snapshot.members);
        await this.#ports.feed?.taken(held !== null && !sameLineage(held.lineage, snapshot.lineage));
      }
      return snapshot;
    } catch (thrown) {
      stream.abort();
      // Nobody takes what is left of it: the source would wait for that.
      void parts?.return?.().catch(() => undefined);
      const error = asError(thrown);
      this.#lastError = error;
      if (source !== null) this.#failedAtMs.set(source.id, clock.nowMs());
      const isTold = source !== null && this.#complaints.refused(source.id, error);
      if (isFinal(error)) this.#ports.broken(error);
      if (source !== null && error instanceof TanistError && error.code === 'never-committed')
        await this.#contradicted(source.id, error.message);
      if (!isTold) this.#warn('snapshot-failed', error);
      throw error;
    }
  }

  /** One source may be wrong itself: where there is another one it is asked, too. */
  async #contradicted(by: NodeId, reason: string): Promise<void> {
    this.#contradicts.add(by);
    if (this.#contradicts.size < Math.min(2, this.#links.length)) return;
    this.#contradicts.clear();
    this.#counts.quarantined++;
    this.#ports.nodeLog.error('replica-damaged', { range: 'the newest snapshot', reason });
    await this.#ports.store.dropNewest(reason);
  }

  async #choose(): Promise<ReplicaSource> {
    const { clock, directory } = this.#ports;
    const offers = await directory.offers();
    this.#links = offers.map(({ source, roundTripMs }) => ({
      to: source.id,
      roundTripMs,
      bytesPerSecond: null,
    }));
    const nowMs = clock.nowMs();
    for (const [id, atMs] of this.#failedAtMs) if (nowMs - atMs > grudgeMs) this.#failedAtMs.delete(id);
    const best = rankSources(offers, new Set(this.#failedAtMs.keys()))[0];
    if (best === undefined) throw new TanistError('unavailable', 'no hot replica is there to follow');
    return best.source;
  }

  /** To the end of the snapshot, and not of the stream. A source that says nothing for long is given up; so is every one when this replica stops. */
  async *#untilMark(parts: AsyncIterator<StreamPart>, stream: AbortController): AsyncGenerator<StreamPart> {
    const { clock } = this.#ports;
    for (;;) {
      const next = await new Promise<IteratorResult<StreamPart>>((resolve, reject) => {
        const timer = clock.after(silentMs, () => {
          reject(new TanistError('unavailable', `the source said nothing for ${silentMs} ms`));
          stream.abort();
        });
        parts
          .next()
          .then(resolve, reject)
          .finally(() => timer.cancel());
      });
      if (this.#stopped.signal.aborted) throw stops();
      if (next.done === true) return;
      this.#accept(next.value);
      yield next.value;
    }
  }

  #accept(part: StreamPart): void {
    if (part.kind === 'ranges') this.#ports.feed?.begun();
    if (part.kind === 'past') this.#ports.feed?.past(part.deltas);
    if (part.kind !== 'ranges') return;
    if (this.#ports.accepts?.(part.lineage) === false)
      throw new TanistError(
        'data-of-another-cluster',
        `the source is of ${part.lineage.clusterId}, epoch ${part.lineage.epoch}, which this replica does not follow`,
      );
    // An attempt that fails at once (a full disk) ends its stream before the next report is due, so its trouble would never be heard of.
    this.#source?.report(this.report());
  }

  async #turn(): Promise<void> {
    const { clock } = this.#ports;
    const beganMs = clock.nowMs();
    const isDone = await this.take().then(
      () => true,
      () => false,
    );
    this.#tidying = this.#tidy();
    await this.#tidying;
    const { everyMs, retryMs } = this.#options;
    // What was found damaged meanwhile is not left for a whole interval.
    const waitMs =
      isDone && this.#ports.store.held() !== null
        ? Math.max(0, everyMs - (clock.nowMs() - beganMs))
        : retryMs;
    this.#later(Math.min(waitMs, everyMs), () => this.#turn());
  }

  /** In small pieces; what fails (a full disk) goes on after the next snapshot. */
  async #tidy(): Promise<void> {
    try {
      while (!this.#stopped.signal.aborted && !this.#paused && (await this.#ports.store.tidyStep()))
        await this.#soon();
    } catch (thrown) {
      this.#warn('snapshots-not-merged', asError(thrown));
    }
  }

  /** What goes on being wrong (a full disk) is said once. */
  #warn(event: 'snapshot-failed' | 'snapshots-not-merged', error: Error): void {
    const what = `${event} ${error instanceof TanistError ? error.code : error.message}`;
    if (this.#stopped.signal.aborted || this.#told.has(what)) return;
    this.#told.add(what);
    this.#ports.nodeLog.warn(event, { error: error.message });
  }

  #repair(): void {
    if (this.#taking !== null || this.#stopped.signal.aborted) return;
    void this.take().catch(() => undefined);
  }

  async #pass(pass: ScrubPass): Promise<boolean> {
    const { store, nodeLog } = this.#ports;
    pass.phase('image');
    try {
      const found = await store.scrub(async (bytes) => {
        await pass.pace(bytes);
        if (pass.isOver()) throw stops();
      });
      if (found === null) return true;
      pass.note(found);
      this.#counts.quarantined++;
      nodeLog.error('damage-found', { found });
      this.#repair();
      return true;
    } catch (thrown) {
      if (!pass.isOver()) nodeLog.warn('scrub-failed', { error: asError(thrown).message });
      throw thrown;
    }
  }

  async #report(): Promise<void> {
    this.#source?.report(this.report());
    this.#later(this.#options.reportMs, () => this.#report());
  }

  #soon(): Promise<void> {
    return new Promise((resolve) => this.#ports.clock.soon(resolve));
  }

  #later(delayMs: number, act: () => Promise<void>): void {
    if (this.#stopped.signal.aborted) return;
    const timer = this.#ports.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      void act();
    });
    this.#timers.add(timer);
  }
}

async function* beginningWith(
  first: IteratorResult<StreamPart>,
  rest: AsyncGenerator<StreamPart>,
): AsyncGenerator<StreamPart> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}

function describe(snapshot: SnapshotRecord, source: NodeId): NodeEventFields {
  const { number, revisions, rows, bytes, from } = snapshot;
  return { number, revision: revisions.user, rows, bytes, base: from === null, source };
}

function stops(): TanistError {
  return new TanistError('stopping', 'this replica stops');
}

function isFinal(error: Error): error is TanistError {
  return error instanceof TanistError && (error.code === 'storage-failed' || error.code === 'member-removed');
}
