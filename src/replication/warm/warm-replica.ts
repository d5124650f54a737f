import { asError, TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { lagAtMark } from '../../node/beyond/replica-lag.ts';
import {
  defaultScrub,
  type ScrubPass,
  ScrubPasses,
  type ScrubStatus,
} from '../../node/integrity/scrub-passes.ts';
import { OwnFacts } from '../../node/membership/own-facts.ts';
import { nextTurn, type Timer } from '../../ports/clock.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { DatabaseChange } from '../../ports/database.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { Held, ReplicaReport } from '../../ports/replication.ts';
import { stops } from '../stops.ts';
import { isFinal } from './final-failure.ts';
import { Following } from './following.ts';
import { type PinnedRanges, pinRanges } from './pinned-ranges.ts';
import { scrubPass } from './scrub-pass.ts';
import { Standstill } from './standstill.ts';
import { WarmHealth } from './warm-health.ts';
import type { WarmMeta } from './warm-meta.ts';
import { defaultTiming, type WarmReplicaOptions, type WarmTiming } from './warm-options.ts';
import { type WarmAnswer, WarmReads } from './warm-reads.ts';
import { WarmState } from './warm-state.ts';
import { WarmStore } from './warm-store.ts';
import { WarmWatches } from './warm-watches.ts';

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
  readonly #watches: WarmWatches;
  readonly #state: WarmState;
  readonly #health: WarmHealth;
  readonly #following: Following;
  readonly #standstill: Standstill;
  readonly #own: OwnFacts;
  readonly #scrubs: ScrubPasses;
  /** Reports so far. */
  #said = 0;
  #tending = false;
  #stopped = false;
  #timer: Timer | null = null;
  readonly #failureListeners = new Set<(error: Error) => void>();

  private constructor(
    options: WarmReplicaOptions,
    store: WarmStore,
    reads: WarmReads,
    watches: WarmWatches,
    state: WarmState,
  ) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    this.#store = store;
    this.#reads = reads;
    this.#watches = watches;
    this.#state = state;
    this.#health = new WarmHealth(options.nodeLog);
    this.#following = new Following({
      options,
      timing: this.#timing,
      state,
      health: this.#health,
      report: () => this.report(),
      failed: (error) => this.#fail(error),
    });
    this.#standstill = new Standstill(this.#following);
    this.#own = new OwnFacts(options.own ?? null);
    const { clock, scrub = defaultScrub } = options;
    this.#scrubs = new ScrubPasses({
      scrub,
      clock,
      yieldTurn: () => nextTurn(clock),
      pass: (pass) => this.#scrubbed(pass),
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
    const watches = new WarmWatches();
    const state = new WarmState({ store, reads, watches, turn, write }, content);
    const replica = new WarmReplica(options, store, reads, watches, state);
    for (const one of damage) replica.#health.damaged(one);
    return replica;
  }

  start(): void {
    this.#following.start();
    this.#schedule();
    this.#scrubs.start();
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timer?.cancel();
    this.#watches.close();
    const following = this.#following.stop();
    this.#options.directory.close();
    await following;
    await this.#scrubs.stop();
    await this.#store.close();
  }

  /** Takes nothing more until `resume`; when it resolves what is held stands still. Errors: `disk-full`. */
  pause(): Promise<void> {
    return this.#standstill.pause();
  }

  resume(): void {
    this.#standstill.resume();
  }

  /** What it holds as of its newest mark stays readable until it is released, while it goes on. Null: nothing, or what a mark brings waits for room. */
  pin(): Promise<PinnedRanges | null> {
    return pinRanges(this.#state, this.#options.clock);
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

  get watches(): Pick<WarmWatches, 'watch' | 'count'> {
    return this.#watches;
  }

  get members(): readonly MemberFacts[] {
    return this.#state.members;
  }

  /** What it holds; a live view. */
  get state(): Pick<WarmState, 'meta' | 'ranges' | 'leases' | 'members' | 'held'> {
    return this.#state;
  }

  /** Since the last mark, in ms. */
  get ageMs(): number {
    return this.#following.ageMs;
  }

  status(): WarmStatus {
    const { meta, held, ranges, leases, digestChecks } = this.#state;
    const { source, ageMs, lagMs, marks, sourceChanges } = this.#following;
    const { trouble, quarantined } = this.#health;
    let keys = 0;
    let bytes = 0;
    for (const range of ranges) {
      keys += range.size;
      bytes += range.bytes;
    }
    return {
      meta,
      held,
      source,
      ageMs,
      lagMs,
      lagRevisions: lagAtMark(meta),
      trouble,
      keys,
      bytes,
      leases: leases.size,
      marks,
      digestChecks,
      quarantined,
      sourceChanges,
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
      links: this.#following.links,
      facts: this.#own.publishing((id) => this.#state.members.find((member) => member.id === id)),
      model: this.#options.model?.() ?? null,
    };
  }

  /** Waits for room on a full disk: then nothing more is taken from the source either. */
  async #write(changes: readonly DatabaseChange[]): Promise<void> {
    let isFull = false;
    for (;;) {
      try {
        await this.#store.write(changes);
        if (isFull) this.#health.diskHasRoom();
        return;
      } catch (error) {
        if (!(error instanceof TanistError) || error.code !== 'disk-full' || this.#stopped) throw error;
        this.#health.diskIsFull(isFull ? null : error.message);
        isFull = true;
        this.#standstill.noRoom(error);
        await this.#following.sleep(this.#timing.fullDiskMs);
      }
    }
  }

  #schedule(): void {
    this.#timer = this.#options.clock.after(this.#timing.reportEveryMs, () => {
      if (this.#stopped) return;
      this.#following.tend();
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

  #scrubbed(pass: ScrubPass): Promise<boolean> {
    return scrubPass(
      {
        store: this.#store,
        state: this.#state,
        health: this.#health,
        standstill: this.#standstill,
        write: (changes) => this.#write(changes),
        failed: (error) => this.#fail(error),
      },
      pass,
    );
  }

  #fail(error: Error): void {
    if (this.#stopped) return;
    this.#options.nodeLog.error('failed', { error: error.stack ?? String(error) });
    for (const listener of this.#failureListeners) listener(error);
  }
}
