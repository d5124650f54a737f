import { asError, TanistError } from '../../foundation/errors.ts';
import type { NodeId, Revision } from '../../foundation/ids.ts';
import { type ScrubPass, ScrubPasses, type ScrubStatus } from '../../node/integrity/scrub-passes.ts';
import { OwnFacts } from '../../node/membership/own-facts.ts';
import type { Timer } from '../../ports/clock.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { ReplicaReport } from '../../ports/replication.ts';
import { stops } from '../stops.ts';
import type { ColdAnswer, ColdCounts, ColdReplicaOptions, ColdReplicaPorts } from './cold-options.ts';
import type { HeldSpace } from './keys.ts';
import type { SnapshotRecord } from './snapshot-record.ts';
import { Taking } from './taking.ts';

/**
 * A cold replica at work: takes a snapshot at an interval and when it is asked to, retries what failed, tidies up, scrubs at a bounded rate, and says how it
 * is. One thing is done to the store at a time but for reads and the scrub.
 */
export class ColdReplica {
  readonly #options: ColdReplicaOptions;
  readonly #ports: ColdReplicaPorts;
  readonly #timers = new Set<Timer>();
  readonly #stopped = new AbortController();
  #current: Promise<SnapshotRecord | null> | null = null;
  readonly #scrubs: ScrubPasses;
  #tidying: Promise<void> | null = null;
  readonly #taking: Taking;
  readonly #own: OwnFacts;
  #paused = false;
  /** Found damaged by scrubs. */
  #damaged = 0;
  #diskBytes = 0;
  /** Reports so far. */
  #said = 0;
  /** What was said to fail since the last snapshot. */
  readonly #told = new Set<string>();

  constructor(options: ColdReplicaOptions, ports: ColdReplicaPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#own = new OwnFacts(ports.own ?? null);
    this.#taking = new Taking({
      options,
      ports,
      stopped: this.#stopped.signal,
      report: () => this.report(),
      warn: (event, error) => this.#warn(event, error),
    });
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
    if (this.#current !== null) this.#taking.abort();
    await this.#current?.catch(() => undefined);
    await this.#tidying;
  }

  resume(): void {
    this.#paused = false;
  }

  /** The store may be closed when it resolves. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    // A stream that says nothing would be waited for.
    if (this.#current !== null) this.#taking.abort();
    for (const timer of this.#timers) timer.cancel();
    await this.#current?.catch(() => undefined);
    await this.#tidying;
    await this.#scrubs.stop();
    this.#taking.abort();
  }

  get id(): NodeId {
    return this.#options.id;
  }

  /** Whom it follows; null: nobody yet. */
  get source(): NodeId | null {
    return this.#taking.source?.id ?? null;
  }

  /** Since the start, but for what the disk holds. */
  get counts(): ColdCounts {
    const { quarantined, ...counts } = this.#taking.counts;
    return { ...counts, quarantined: quarantined + this.#damaged, diskBytes: this.#diskBytes };
  }

  async diskBytes(): Promise<number> {
    const { store } = this.#ports;
    // LevelDB tells of tables only: what is in none yet is the newest snapshot's.
    this.#diskBytes = Math.max(await store.sizeBytes(), store.newest?.bytes ?? 0);
    return this.#diskBytes;
  }

  get snapshots(): readonly SnapshotRecord[] {
    return this.#ports.store.snapshots;
  }

  /** Null: fine. */
  get trouble(): string | null {
    const damage = this.#ports.store.trouble;
    if (damage !== null) return damage;
    const { lastError } = this.#taking;
    return lastError === null ? null : `the last snapshot failed: ${lastError.message}`;
  }

  get ageMs(): number {
    return this.#taking.ageMs;
  }

  /** Behind the leader in the space `user`, as far as it was told. */
  get lagRevisions(): number {
    return this.#taking.lagRevisions;
  }

  /** Takes one now, or joins the one under way. The new one, or null: nothing has changed. */
  take(): Promise<SnapshotRecord | null> {
    if (this.#stopped.signal.aborted) return Promise.reject(stops());
    if (this.#paused) return Promise.reject(new TanistError('unavailable', 'this replica is being promoted'));
    this.#current ??= this.#taking
      .take()
      .then((snapshot) => {
        this.#told.clear();
        return snapshot;
      })
      .finally(() => {
        this.#current = null;
      });
    return this.#current;
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
    const { store, vitals, writeMs, model } = this.#ports;
    const ageMs = this.ageMs;
    const members = store.newest?.members ?? [];
    this.#said += 1;
    const { id, start } = this.#options;
    return {
      id,
      ...(start === undefined ? {} : { start, said: this.#said }),
      tier: 'cold',
      held: store.held(),
      lagRevisions: this.lagRevisions,
      lagMs: Number.isFinite(ageMs) ? ageMs : 0,
      trouble: this.trouble,
      syncMs: writeMs?.() ?? 0,
      ...vitals(),
      links: this.#taking.links,
      facts: this.#own.publishing((id) => members.find((member) => member.id === id)),
      model: model?.() ?? null,
    };
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
    if (this.#current !== null || this.#stopped.signal.aborted) return;
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
      this.#damaged++;
      nodeLog.error('damage-found', { found });
      this.#repair();
      return true;
    } catch (thrown) {
      if (!pass.isOver()) nodeLog.warn('scrub-failed', { error: asError(thrown).message });
      throw thrown;
    }
  }

  async #report(): Promise<void> {
    this.#taking.source?.report(this.report());
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
