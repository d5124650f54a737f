import { asError, TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { NodeEventFields, NodeLog } from '../../ports/node-log.ts';
import type { LinkMeasurement, ReplicaReport, ReplicaSource, StreamPart } from '../../ports/replication.ts';
import type { FailedResult, RangeResult } from '../../ports/result.ts';
import type { ColdStore } from './cold-store.ts';
import type { SnapshotRecord } from './snapshot-record.ts';

export interface ColdReplicaOptions {
  readonly id: NodeId;
  /** Between the beginnings of two snapshots, ms. */
  readonly everyMs: number;
  /** After one that failed, ms. */
  readonly retryMs: number;
  readonly reportMs: number;
  /** Between two passes of the scrub, ms. */
  readonly scrubEveryMs: number;
  readonly scrubBytesPerSecond: number;
}

export const defaultColdOptions = {
  everyMs: 60_000,
  retryMs: 1000,
  reportMs: 1000,
  scrubEveryMs: 3_600_000,
  scrubBytesPerSecond: 8 * 1024 * 1024,
} as const satisfies Omit<ColdReplicaOptions, 'id'>;

/** What the replica's host knows. */
export interface ColdVitals {
  readonly syncMs: number;
  readonly memoryUsed: number;
  readonly diskFree: number;
  readonly links: readonly LinkMeasurement[];
}

export interface ColdReplicaPorts {
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly store: ColdStore;
  /** The best source at present; after `failed` preferably another one. Fails as `unavailable` when none answers. */
  readonly choose: () => Promise<ReplicaSource>;
  readonly failed: (source: ReplicaSource, error: Error) => void;
  readonly vitals: () => ColdVitals;
  /** The disk failed in a way that is final (`storage-failed`): what reached it is unknown, so the process has to begin anew. */
  readonly broken: (error: TanistError) => void;
}

export interface ColdAnswer {
  readonly result: RangeResult | FailedResult;
  readonly snapshot: SnapshotRecord;
  /** Since the snapshot was known to be all there is, ms. */
  readonly ageMs: number;
}

/** How long a stream may say nothing. */
const silentMs = 30_000;

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
  #scrubbing: Promise<void> | null = null;
  #endPace: () => void = () => {};
  #source: ReplicaSource | null = null;
  #lastError: Error | null = null;
  /** When what is held was last known to be all there is, by the host's calendar. */
  #freshAtMs: number;

  constructor(options: ColdReplicaOptions, ports: ColdReplicaPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#freshAtMs = ports.store.newest?.takenAtMs ?? 0;
  }

  start(): void {
    this.#later(0, () => this.#turn());
    this.#later(this.#options.reportMs, () => this.#report());
    this.#later(this.#options.scrubEveryMs, () => this.#scrubTurn());
  }

  /** The store may be closed when it resolves. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const timer of this.#timers) timer.cancel();
    this.#endPace();
    await this.#taking?.catch(() => undefined);
    await this.#scrubbing;
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
    if (this.#stopped.signal.aborted)
      return Promise.reject(new TanistError('stopping', 'this replica stops'));
    this.#taking ??= this.#take().finally(() => {
      this.#taking = null;
    });
    return this.#taking;
  }

  /** Errors: those of `ColdStore.read`. */
  async read(request: RangeRequest): Promise<ColdAnswer> {
    const { store, clock } = this.#ports;
    try {
      const { result, snapshot } = await store.read(request);
      const isNewest = snapshot === store.newest;
      const ageMs = isNewest ? this.ageMs : Math.max(0, clock.wallMs() - snapshot.takenAtMs);
      return { result, snapshot, ageMs };
    } catch (error) {
      if (error instanceof TanistError && error.code === 'under-doubt') this.#repair();
      throw error;
    }
  }

  report(): ReplicaReport {
    const { store, vitals } = this.#ports;
    const ageMs = this.ageMs;
    return {
      id: this.#options.id,
      tier: 'cold',
      held: store.held(),
      lagRevisions: 0,
      lagMs: Number.isFinite(ageMs) ? ageMs : 0,
      trouble: this.trouble,
      ...vitals(),
    };
  }

  async #take(): Promise<SnapshotRecord | null> {
    const { store, clock, nodeLog, choose, failed } = this.#ports;
    let source: ReplicaSource | null = null;
    const stream = new AbortController();
    const stop = (): void => stream.abort();
    this.#stopped.signal.addEventListener('abort', stop, { once: true });
    try {
      source = await choose();
      this.#source = source;
      const held = store.held();
      const beganAtMs = clock.wallMs();
      const parts = source.follow({ replica: this.#options.id, mode: 'latest', held }, stream.signal);
      const snapshot = await store.receive(held, this.#watched(parts, stream));
      this.#freshAtMs = beganAtMs;
      this.#lastError = null;
      if (snapshot !== null) nodeLog.info('snapshot-taken', describe(snapshot, source.id));
      return snapshot;
    } catch (thrown) {
      const error = asError(thrown);
      this.#lastError = error;
      if (source !== null) failed(source, error);
      if (error instanceof TanistError && error.code === 'storage-failed') this.#ports.broken(error);
      nodeLog.warn('snapshot-failed', { error: error.message });
      throw error;
    } finally {
      stream.abort();
      this.#stopped.signal.removeEventListener('abort', stop);
    }
  }

  /** A source that says nothing for long is given up; so is every one when this replica stops. */
  async *#watched(parts: AsyncIterable<StreamPart>, stream: AbortController): AsyncGenerator<StreamPart> {
    const { clock } = this.#ports;
    const iterator = parts[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await new Promise<IteratorResult<StreamPart>>((resolve, reject) => {
          const timer = clock.after(silentMs, () => {
            reject(new TanistError('unavailable', `the source said nothing for ${silentMs} ms`));
            stream.abort();
          });
          iterator
            .next()
            .then(resolve, reject)
            .finally(() => timer.cancel());
        });
        if (this.#stopped.signal.aborted) throw new TanistError('stopping', 'this replica stops');
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      stream.abort();
      void iterator.return?.()?.then(undefined, () => undefined);
    }
  }

  async #turn(): Promise<void> {
    const { clock } = this.#ports;
    const beganMs = clock.nowMs();
    const isDone = await this.take().then(
      () => true,
      () => false,
    );
    await this.#tidy();
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
      while (!this.#stopped.signal.aborted && (await this.#ports.store.tidyStep())) await this.#soon();
    } catch (thrown) {
      this.#ports.nodeLog.warn('snapshots-not-merged', {
        error: asError(thrown).message,
      });
    }
  }

  #repair(): void {
    if (this.#taking !== null || this.#stopped.signal.aborted) return;
    void this.take().catch(() => undefined);
  }

  async #scrubTurn(): Promise<void> {
    this.#scrubbing = this.#scrub();
    await this.#scrubbing;
    this.#scrubbing = null;
    this.#later(this.#options.scrubEveryMs, () => this.#scrubTurn());
  }

  async #scrub(): Promise<void> {
    const { store, nodeLog } = this.#ports;
    try {
      const found = await store.scrub((bytes) => this.#pace(bytes));
      if (found === null) return;
      nodeLog.error('damage-found', { found });
      this.#repair();
    } catch (thrown) {
      if (!this.#stopped.signal.aborted) nodeLog.warn('scrub-failed', { error: asError(thrown).message });
    }
  }

  async #pace(bytes: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#ports.clock.after((bytes * 1000) / this.#options.scrubBytesPerSecond, resolve);
      this.#endPace = () => {
        timer.cancel();
        resolve();
      };
    });
    if (this.#stopped.signal.aborted) throw new TanistError('stopping', 'this replica stops');
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

function describe(snapshot: SnapshotRecord, source: NodeId): NodeEventFields {
  const { number, revisions, rows, bytes, from } = snapshot;
  return { number, revision: revisions.user, rows, bytes, base: from === null, source };
}
