import { asError, TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { RequestLimits } from '../../foundation/limits.ts';
import { lagAtMark } from '../../node/beyond/replica-lag.ts';
import {
  defaultScrub,
  type ScrubOptions,
  type ScrubPass,
  ScrubPasses,
  type ScrubStatus,
} from '../../node/integrity/scrub-passes.ts';
import { OwnFacts } from '../../node/membership/own-facts.ts';
import type { PredictionListener } from '../../node/prediction/prediction-feed.ts';
import { type Clock, nextTurn, type Timer } from '../../ports/clock.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { DatabaseChange, Disk } from '../../ports/database.ts';
import { sameLineage } from '../../ports/lineage-order.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type {
  Held,
  Lineage,
  LinkMeasurement,
  ModelSaid,
  ReplicaReport,
  ReplicaSource,
  StreamPart,
} from '../../ports/replication.ts';
import { rankSources, type SourceDirectory, type SourceOffer } from '../choose-source.ts';
import { Complaints } from '../complaints.ts';
import { scrubRange } from './scrub-range.ts';
import { defaultMoveTiming, type MoveTiming, SourceMoves } from './source-moves.ts';
import type { WarmMeta } from './warm-meta.ts';
import { type WarmAnswer, WarmReads } from './warm-reads.ts';
import { WarmState } from './warm-state.ts';
import { type WarmDamage, WarmStore } from './warm-store.ts';

export interface WarmReplicaOptions {
  readonly id: NodeId;
  /** Random, of this start of the process; absent: sources do not tell it from another one of this id. */
  readonly start?: string;
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly disk: Disk;
  readonly directory: SourceDirectory;
  readonly requestLimits: RequestLimits;
  readonly timing?: Partial<WarmTiming>;
  /** How fast its rows are read in search of damage. */
  readonly scrub?: ScrubOptions;
  /** Of this machine, for reports: used memory and free disk space, 0 to 1. */
  readonly vitals?: () => { readonly memoryUsed: number; readonly diskFree: number };
  /** Measured paths to the hot nodes; absent, or none yet: only what is known of the sources. */
  readonly links?: () => readonly LinkMeasurement[];
  /** Smoothed duration of a write to its disk; absent: not known, 0. */
  readonly writeMs?: () => number;
  /** What it says of its predictions; absent: it makes none. */
  readonly model?: () => ModelSaid | null;
  /** Where it is reached, by its config. */
  readonly own?: MemberFacts;
  /** Whether it may follow a source of this lineage; absent: any. */
  readonly accepts?: (lineage: Lineage) => boolean;
  /** Hears of what comes, for predictions; `found` once a mark has brought policies or models. */
  readonly listener?: PredictionListener;
  /** Hears of the members whenever a mark tells of them. */
  readonly membersChanged?: (members: readonly MemberFacts[]) => void;
}

export interface WarmTiming extends MoveTiming {
  readonly reportEveryMs: number;
  /** A source that says nothing for so long is gone: it makes marks where nothing happens. */
  readonly silenceMs: number;
  /** After a failure, doubling. */
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  /** A source that failed is not the first choice for so long. */
  readonly grudgeMs: number;
  /** Until a full disk is tried again. */
  readonly fullDiskMs: number;
}

const defaultTiming: WarmTiming = {
  ...defaultMoveTiming,
  reportEveryMs: 250,
  silenceMs: 2000,
  firstRetryMs: 5,
  longestRetryMs: 500,
  grudgeMs: 5000,
  fullDiskMs: 500,
};

/** For status and metrics. */
export interface WarmStatus {
  readonly meta: WarmMeta | null;
  readonly held: Held | null;
  readonly source: NodeId | null;
  /** Since the last mark was taken over, in ms; how old what is read may be. */
  readonly ageMs: number;
  readonly lagMs: number;
  readonly lagRevisions: number;
  readonly trouble: string | null;
  readonly keys: number;
  readonly bytes: number;
  readonly leases: number;
  readonly marks: number;
  readonly digestChecks: number;
  readonly quarantined: number;
  readonly sourceChanges: number;
}

/**
 * A warm replica: follows a hot one, holds the critical ranges in memory and in rows, and reads them. Ends by itself only when its disk fails for
 * good.
 */
export class WarmReplica {
  readonly #options: WarmReplicaOptions;
  readonly #timing: WarmTiming;
  readonly #store: WarmStore;
  readonly #reads: WarmReads;
  readonly #state: WarmState;
  readonly #own: OwnFacts;
  readonly #failedAtMs = new Map<NodeId, number>();
  /** Those who said that what is held was never committed. */
  readonly #contradicts = new Set<NodeId>();
  #offered = 0;
  #source: ReplicaSource | null = null;
  readonly #moves: SourceMoves;
  #looking = false;
  /** Whom it leaves its source for, at the next mark. */
  #next: SourceOffer | null = null;
  #links: readonly LinkMeasurement[] = [];
  #markedMs: number | null = null;
  /** From the first word of what a mark ends to its being taken over. */
  #takenMs = 0;
  #begunMs: number | null = null;
  #trouble: string | null = null;
  /** Reports so far. */
  #said = 0;
  readonly #complaints: Complaints;
  /** Since the last mark something of `system` came. */
  #toldOfSystem = false;
  /** The trouble is that something was found wrong. */
  #damaged = false;
  #marks = 0;
  #quarantined = 0;
  #sourceChanges = 0;
  readonly #scrubs: ScrubPasses;
  #tending = false;
  #stream: AbortController | null = null;
  #stopped = false;
  #paused = false;
  #following: Promise<void> = Promise.resolve();
  #running: Promise<void> | null = null;
  #timer: Timer | null = null;
  /** Those who sleep, to be woken by a stop. */
  readonly #sleepers = new Set<() => void>();
  readonly #failureListeners = new Set<(error: Error) => void>();

  private constructor(options: WarmReplicaOptions, store: WarmStore, reads: WarmReads, state: WarmState) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    this.#moves = new SourceMoves(this.#timing);
    this.#store = store;
    this.#reads = reads;
    this.#state = state;
    this.#own = new OwnFacts(options.own ?? null);
    this.#complaints = new Complaints(options.nodeLog);
    const { clock, scrub = defaultScrub } = options;
    this.#scrubs = new ScrubPasses({
      scrub,
      clock,
      yieldTurn: () => nextTurn(clock),
      pass: (pass) => this.#pass(pass),
      failed: () => {},
    });
  }

  /** Loads what is stored; what is damaged of it is not held. */
  static async open(options: WarmReplicaOptions): Promise<WarmReplica> {
    const { clock, disk, requestLimits } = options;
    const turn = (): Promise<void> => nextTurn(clock);
    const { store, content, damage } = await WarmStore.open(disk, turn);
    const reads = new WarmReads({ requestLimits, turn });
    const write = (changes: readonly DatabaseChange[]): Promise<void> => replica.#write(changes);
    const state = new WarmState({ store, reads, turn, write }, content);
    const replica = new WarmReplica(options, store, reads, state);
    for (const one of damage) replica.#noteDamage(one);
    return replica;
  }

  start(): void {
    this.#running = this.#run();
    this.#schedule();
    this.#scrubs.start();
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timer?.cancel();
    this.#stream?.abort();
    for (const wake of [...this.#sleepers]) wake();
    this.#options.directory.close();
    await this.#running;
    await this.#scrubs.stop();
    await this.#store.close();
  }

  /** Takes nothing more until `resume`; when it resolves what is held stands still. */
  async pause(): Promise<void> {
    this.#paused = true;
    this.#stream?.abort();
    await this.#following;
  }

  resume(): void {
    this.#paused = false;
    for (const wake of [...this.#sleepers]) wake();
  }

  /** Called once when it has to stop itself. */
  onFailure(listener: (error: Error) => void): void {
    this.#failureListeners.add(listener);
  }

  /** The latest values that are held; see `WarmReads`. */
  read(request: RangeRequest): WarmAnswer | Promise<WarmAnswer> {
    if (this.#stopped) return stops();
    return this.#reads.read(request);
  }

  get members(): readonly MemberFacts[] {
    return this.#state.members;
  }

  /** What it holds; a live view. */
  get state(): Pick<WarmState, 'meta' | 'ranges' | 'leases' | 'members' | 'held'> {
    return this.#state;
  }

  /** Since the last mark; before the first one by the calendar, as far as that can be trusted. */
  get ageMs(): number {
    const { clock } = this.#options;
    if (this.#markedMs !== null) return clock.nowMs() - this.#markedMs;
    const { meta } = this.#state;
    return meta === null ? 0 : Math.max(0, clock.wallMs() - meta.timeMs);
  }

  status(): WarmStatus {
    const { meta, held, ranges, leases, digestChecks } = this.#state;
    let keys = 0;
    let bytes = 0;
    for (const range of ranges) {
      keys += range.size;
      bytes += range.bytes;
    }
    return {
      meta,
      held,
      source: this.#source?.id ?? null,
      ageMs: this.ageMs,
      lagMs: this.#lagMs(),
      lagRevisions: lagAtMark(meta),
      trouble: this.#trouble,
      keys,
      bytes,
      leases: leases.size,
      marks: this.#marks,
      digestChecks,
      quarantined: this.#quarantined,
      sourceChanges: this.#sourceChanges,
    };
  }

  get scrubStatus(): ScrubStatus {
    return this.#scrubs.status;
  }

  /** Reads all that is stored, now, and says what is wrong. Errors: `stopping`. */
  scrub(): Promise<readonly string[]> {
    if (this.#stopped) return Promise.reject(stops());
    return this.#scrubs.now();
  }

  report(): ReplicaReport {
    const { held, lagRevisions, lagMs, trouble } = this.status();
    const { memoryUsed = 0, diskFree = 1 } = this.#options.vitals?.() ?? {};
    const measured = this.#options.links?.() ?? [];
    this.#said += 1;
    const { start } = this.#options;
    return {
      id: this.#options.id,
      ...(start === undefined ? {} : { start, said: this.#said }),
      tier: 'warm',
      held,
      lagRevisions,
      lagMs,
      trouble,
      syncMs: this.#options.writeMs?.() ?? 0,
      memoryUsed,
      diskFree,
      links: measured.length > 0 ? measured : this.#links,
      facts: this.#own.publishing((id) => this.#state.members.find((member) => member.id === id)),
      model: this.#options.model?.() ?? null,
    };
  }

  #lagMs(): number {
    const ageMs = this.ageMs;
    return ageMs > this.#timing.silenceMs / 4 || this.#markedMs === null ? ageMs : this.#takenMs;
  }

  async #run(): Promise<void> {
    let retryMs = this.#timing.firstRetryMs;
    while (!this.#stopped) {
      const marks = this.#marks;
      const next = this.#next;
      this.#next = null;
      try {
        const offer = this.#paused ? null : (next ?? (await this.#choose()));
        if (this.#stopped) return;
        if (this.#paused) await this.#sleep(this.#timing.longestRetryMs);
        else if (offer === null) this.#trouble ??= 'no hot replica is there to follow';
        else {
          const following = this.#follow(offer);
          this.#following = following.catch(() => {});
          await following;
        }
      } catch (error) {
        if (this.#stopped) return;
        if (isFinal(error)) {
          this.#fail(asError(error));
          return;
        }
      }
      if (this.#stopped) return;
      if (next !== null) this.#moves.ended(this.#marks > marks, this.#options.clock.nowMs());
      if (this.#marks > marks) retryMs = this.#timing.firstRetryMs;
      await this.#sleep(retryMs);
      retryMs = Math.min(retryMs * 2, this.#timing.longestRetryMs);
    }
  }

  async #choose(): Promise<SourceOffer | null> {
    return rankSources(await this.#offers(), this.#failedLately())[0] ?? null;
  }

  async #offers(): Promise<readonly SourceOffer[]> {
    const offers = await this.#options.directory.offers();
    this.#links = offers.map(({ source, roundTripMs }) => ({
      to: source.id,
      roundTripMs,
      bytesPerSecond: null,
    }));
    this.#offered = offers.length;
    const measured = new Map(this.#options.links?.().map(({ to, roundTripMs }) => [to, roundTripMs]));
    return offers.map((offer) => ({
      ...offer,
      roundTripMs: measured.get(offer.source.id) ?? offer.roundTripMs,
    }));
  }

  #failedLately(): ReadonlySet<NodeId> {
    const nowMs = this.#options.clock.nowMs();
    for (const [id, atMs] of this.#failedAtMs)
      if (nowMs - atMs > this.#timing.grudgeMs) this.#failedAtMs.delete(id);
    return new Set(this.#failedAtMs.keys());
  }

  /** Whether another source is better by now. The stream then ends with its next mark, so the other one goes on without a gap or a repetition. */
  async #lookAround(): Promise<void> {
    const { clock, directory, nodeLog } = this.#options;
    const source = this.#source;
    const stream = this.#stream;
    if (source === null || stream === null || this.#looking || this.#next !== null) return;
    if (!this.#moves.isDue(directory.leader === source.id, clock.nowMs())) return;
    this.#looking = true;
    const offers = await this.#offers().finally(() => {
      this.#looking = false;
    });
    if (this.#stopped || this.#paused || stream.signal.aborted || this.#stream !== stream) return;
    const next = this.#moves.looked(offers, source.id, this.#failedLately(), clock.nowMs());
    if (next === null) return;
    nodeLog.info('replica-moves', { from: source.id, to: next.source.id });
    this.#next = next;
  }

  async #follow({ source }: SourceOffer): Promise<void> {
    const { id, start, clock, nodeLog } = this.#options;
    const stream = new AbortController();
    this.#stream = stream;
    let heardMs = clock.nowMs();
    const { silenceMs } = this.#timing;
    const watch = (): void => {
      if (stream.signal.aborted) return;
      if (clock.nowMs() - heardMs >= silenceMs) stream.abort();
      else silence = clock.after(silenceMs / 2, watch);
    };
    let silence = clock.after(silenceMs / 2, watch);
    this.#state.begin();
    this.#begunMs = null;
    try {
      const own = start === undefined ? {} : { start };
      const request = { replica: id, ...own, mode: 'deltas', held: this.#state.held } as const;
      for await (const part of source.follow(request, stream.signal)) {
        heardMs = clock.nowMs();
        this.#begunMs ??= heardMs;
        if (this.#stopped || this.#paused) return;
        if (part.kind === 'ranges') this.#checkLineage(source, part.lineage);
        if (part.kind === 'ranges' && this.#source !== source) this.#follows(source);
        if (part.kind !== 'mark') {
          this.#tell(part);
          await this.#state.take(part);
        } else if (!(await this.#mark(part)) || this.#next !== null) return;
        // Its own work is not the source's silence.
        heardMs = clock.nowMs();
      }
      if (!this.#stopped) throw new TanistError('unavailable', 'the source says nothing any more');
    } catch (error) {
      if (this.#stopped || isFinal(error)) throw error;
      this.#failedAtMs.set(source.id, clock.nowMs());
      const reason = error instanceof TanistError ? `${error.code}: ${error.message}` : String(error);
      if (this.#source === source) nodeLog.warn('replica-source-lost', { source: source.id, reason });
      this.#complaints.refused(source.id, error);
      this.#trouble ??= `cannot follow ${source.id} (${reason})`;
      if (error instanceof TanistError && error.code === 'never-committed')
        await this.#contradicted(source.id, error.message);
      throw error;
    } finally {
      stream.abort();
      silence.cancel();
      if (this.#source === source) this.#source = null;
      this.#stream = null;
    }
  }

  #tell(part: Exclude<StreamPart, { readonly kind: 'mark' }>): void {
    const { listener } = this.#options;
    if (listener === undefined) return;
    if (part.kind === 'deltas') {
      listener.applied(part.deltas);
      if (part.deltas.some(({ space }) => space === 'system')) this.#toldOfSystem = true;
    } else if (part.kind === 'replace' && part.range.space === 'system') this.#toldOfSystem = true;
    else if (part.kind === 'ranges') {
      const before = this.#state.meta?.lineage;
      if (before !== undefined && !sameLineage(before, part.lineage)) listener.replaced();
    }
  }

  #checkLineage(source: ReplicaSource, lineage: Lineage): void {
    if (this.#options.accepts?.(lineage) !== false) return;
    throw new TanistError(
      'data-of-another-cluster',
      `${source.id} is of cluster ${lineage.clusterId}, epoch ${lineage.epoch}: it is not followed`,
    );
  }

  #follows(source: ReplicaSource): void {
    this.#source = source;
    this.#sourceChanges += 1;
    this.#moves.begun(this.#options.clock.nowMs());
    this.#options.nodeLog.info('replica-follows', { source: source.id });
    source.report(this.report());
  }

  /** False: something was found wrong, and is to be fetched anew. */
  async #mark(mark: StreamPart & { readonly kind: 'mark' }): Promise<boolean> {
    const { clock, membersChanged, listener } = this.#options;
    const before = this.#state.members;
    const wrong = await this.#state.mark(mark);
    this.#marks += 1;
    this.#complaints.over();
    this.#contradicts.clear();
    this.#markedMs = clock.nowMs();
    this.#takenMs = this.#markedMs - (this.#begunMs ?? this.#markedMs);
    this.#begunMs = null;
    if (this.#toldOfSystem) listener?.found();
    this.#toldOfSystem = false;
    if (this.#state.members !== before) membersChanged?.(this.#state.members);
    for (const { range, reason } of wrong) this.#noteDamage({ range, reason });
    if (wrong.length > 0) {
      // Which of the two is right is not for this one to say: another source, if there is one.
      if (this.#source !== null) this.#failedAtMs.set(this.#source.id, clock.nowMs());
      return false;
    }
    if (this.#trouble !== null) {
      if (this.#damaged) this.#options.nodeLog.info('replica-repaired', { trouble: this.#trouble });
      this.#damaged = false;
      this.#trouble = null;
      this.#source?.report(this.report());
    }
    return true;
  }

  /** One source may be wrong itself: where there is another one it is asked, too. */
  async #contradicted(by: NodeId, reason: string): Promise<void> {
    this.#contradicts.add(by);
    if (this.#contradicts.size < Math.min(2, this.#offered)) return;
    this.#contradicts.clear();
    this.#noteDamage({ range: null, reason });
    await this.#state.discard(reason);
  }

  #noteDamage({ range, reason }: WarmDamage): void {
    this.#quarantined += 1;
    this.#damaged = true;
    const what = range === null ? 'what was stored' : `${range.space} ${JSON.stringify(range.key)}`;
    this.#options.nodeLog.error('replica-damaged', { range: what, reason });
    this.#trouble = `${what} is wrong (${reason}); it is fetched anew`;
  }

  /** Waits for room on a full disk: then nothing more is taken from the source either. */
  async #write(changes: readonly DatabaseChange[]): Promise<void> {
    let isFull = false;
    for (;;) {
      try {
        await this.#store.write(changes);
        if (isFull) this.#trouble = null;
        return;
      } catch (error) {
        if (!(error instanceof TanistError) || error.code !== 'disk-full' || this.#stopped) throw error;
        if (!isFull) this.#options.nodeLog.warn('disk-full', { message: error.message });
        isFull = true;
        this.#trouble = 'the disk is full: what is held grows older until there is room';
        await this.#sleep(this.#timing.fullDiskMs);
      }
    }
  }

  #schedule(): void {
    this.#timer = this.#options.clock.after(this.#timing.reportEveryMs, () => {
      if (this.#stopped) return;
      this.#source?.report(this.report());
      this.#lookAround().catch((error: unknown) => this.#fail(asError(error)));
      this.#tend().catch((error: unknown) => this.#fail(asError(error)));
      this.#schedule();
    });
  }

  /** What nobody waits for: a piece of tidying. */
  async #tend(): Promise<void> {
    if (this.#tending) return;
    this.#tending = true;
    try {
      await this.#store.tidy();
    } catch (error) {
      if (!this.#stopped && isFinal(error)) throw error;
    } finally {
      this.#tending = false;
    }
  }

  /** What is stored cannot be trusted, and cannot be told apart: everything is fetched again. */
  async #startAnew(reason: string): Promise<void> {
    // It is being promoted: the next pass finds it again.
    if (this.#paused) return;
    await this.pause();
    this.#noteDamage({ range: null, reason });
    await this.#state.discard(reason);
    this.resume();
  }

  async #pass(pass: ScrubPass): Promise<boolean> {
    try {
      pass.phase('image');
      const pace = async (bytes: number): Promise<void> => {
        await pass.pace(bytes);
        if (pass.isOver()) throw stops();
      };
      const found = await this.#store.inspect(pace);
      if (found !== null) {
        pass.note(`table ${found}`);
        await this.#startAnew(`table ${found}`);
      }
      const write = (changes: readonly DatabaseChange[]): Promise<void> => this.#write(changes);
      for (const held of this.#state.ranges) {
        const reason = await scrubRange({ store: this.#store, state: this.#state, write, pace }, held);
        if (reason === null) continue;
        this.#quarantined += 1;
        const range = `${held.range.space} ${JSON.stringify(held.range.key)}`;
        pass.note(`${range}: ${reason}`);
        this.#options.nodeLog.error('replica-damaged', { range, reason });
      }
      return true;
    } catch (error) {
      if (isFinal(error)) this.#fail(asError(error));
      throw error;
    }
  }

  /** Ends early when the replica stops. */
  #sleep(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = this.#options.clock.after(ms, wake);
      this.#sleepers.add(wake);
    });
  }

  #fail(error: Error): void {
    if (this.#stopped) return;
    this.#options.nodeLog.error('failed', { error: error.stack ?? String(error) });
    for (const listener of this.#failureListeners) listener(error);
  }
}

function stops(): TanistError {
  return new TanistError('stopping', 'this replica stops; ask another');
}

/** The disk failed for good, an invariant is broken, or the member was removed: going on could only do harm. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof TanistError)) return !(error instanceof Error) || error.name === 'AssertionError';
  return error.code === 'storage-failed' || error.code === 'data-damaged' || error.code === 'member-removed';
}
