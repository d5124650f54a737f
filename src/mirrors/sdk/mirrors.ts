import { randomBytes } from 'node:crypto';
import { asError, TanistError } from '../../foundation/errors.ts';
import { seededRandom } from '../../foundation/random.ts';
import type { Near } from '../../nearest/feeds.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { keptBy } from '../config/kept-by.ts';
import type { SourceConfig } from '../config/source-schema.ts';
import { ChangeForecasts } from '../forecast/change-forecasts.ts';
import { type HealthOptions, healthOf, type MirrorsHealth } from '../health/health.ts';
import { Reporter } from '../health/reporter.ts';
import { ask, invalidate } from '../invalidation/wanted.ts';
import { type FinishedLook, Looker } from '../refresh/looker.ts';
import { resourceId } from '../resource-id.ts';
import type { OriginPermissions } from '../sources/open-origin.ts';
import { type LiveEntry, ownValue } from '../state/live-entry.ts';
import { LiveMirror } from '../state/live-mirror.ts';
import { ProcessLease } from '../state/process-lease.ts';
import type { RefreshReason } from '../state/records.ts';
import type { BudgetOptions } from '../state/token-bucket.ts';
import { Answers, missing } from './answers.ts';
import { Direct } from './direct.ts';
import { Hits } from './hits.ts';
import type { MirrorEvent, MirrorState, PollOptions } from './mirror-state.ts';
import { PastMirror } from './past-mirror.ts';
import { failureOf, Refreshes } from './refreshes.ts';
import { SourceBook } from './source-book.ts';
import { Watches } from './watches.ts';

export interface MirrorsPorts {
  /** Of the space `planes`, on Tanist or on etcd. */
  readonly client: StateClient;
  readonly clock: Clock;
  /** Sources of this process's own; those in the state are followed. */
  readonly sources: Readonly<Record<string, SourceConfig>>;
  readonly may: OriginPermissions;
  /** Name of this process; by default the host's pid and chance. */
  readonly by: string;
  readonly near: Near | null;
  /** Past the cluster, a source. */
  readonly directBudget: BudgetOptions;
  /** Where nothing at all is heard of the cluster for twice as long while a read waits for it, origins are asked without it, in ms. */
  readonly clusterMs: number;
  /** Time-to-live of the lease that claims are on: whoever dies while it asks an origin blocks others for this long, in ms. */
  readonly leaseMs: number;
  /** How often this process tells the cluster what it reads, in ms. */
  readonly reportMs: number;
  readonly onTrouble: (error: Error) => void;
  readonly onLook: (look: FinishedLook) => void;
  readonly onClose: () => Promise<void>;
}

/** Mirrors of outside resources, in this process and in the cluster. Made by `openMirrors`. */
export class Mirrors implements AsyncDisposable {
  readonly live: LiveMirror;
  readonly sources: SourceBook;
  readonly hits = new Hits();
  readonly lease: ProcessLease;
  readonly looker: Looker;
  readonly forecasts = new ChangeForecasts();
  readonly #reporter: Reporter;
  readonly ports: MirrorsPorts;
  readonly #past: PastMirror;
  readonly #answers: Answers;
  readonly #refreshes: Refreshes;
  readonly #watches: Watches;
  #closed = false;

  constructor(ports: MirrorsPorts) {
    this.ports = ports;
    const { client, clock, by } = ports;
    this.sources = new SourceBook(ports.may);
    for (const [name, config] of Object.entries(ports.sources)) this.sources.setLocal(name, config);
    this.live = new LiveMirror({
      client,
      clock,
      by,
      silentMs: 2 * ports.clusterMs,
      near: ports.near,
      times: (source) => {
        const config = this.sources.get(source);
        if (config === null) return null;
        const { freshForMs, horizonMs } = config;
        return { freshForMs, horizonMs, kept: keptBy(config) };
      },
      onSource: (name, config) => {
        const error = this.sources.setShared(name, config);
        if (error !== null) ports.onTrouble(error);
        this.live.refreshTimes(name);
      },
      onTrouble: ports.onTrouble,
    });
    this.lease = new ProcessLease(client, clock, ports.leaseMs);
    this.looker = new Looker({
      client,
      clock,
      live: this.live,
      lease: this.lease,
      forecasts: this.forecasts,
      origin: (source) => this.sources.origin(source),
      isShared: (source) => this.sources.isShared(source),
      by,
      claimMs: 5 * ports.clusterMs,
      onLook: (look) => {
        try {
          ports.onLook(look);
        } catch (error) {
          ports.onTrouble(asError(error));
        }
      },
    });
    this.#answers = new Answers(clock, this.hits, this.live);
    this.#watches = new Watches({
      clock,
      live: this.live,
      sources: this.sources,
      answers: this.#answers,
      random: seededRandom(`${by}/watches`),
      poll: (name, options) => this.#poll(name, options),
    });
    this.#reporter = new Reporter({
      client,
      clock,
      lease: this.lease,
      hits: this.hits,
      watches: this.#watches.counts,
      name: by,
      everyMs: ports.reportMs,
    });
    this.#refreshes = new Refreshes({
      clock,
      live: this.live,
      looker: this.looker,
      sources: this.sources,
      answers: this.#answers,
      random: seededRandom(`${by}/refreshes`),
      ask: (name) => this.ask(name),
    });
    this.#past = new PastMirror({
      clock,
      live: this.live,
      looker: this.looker,
      sources: this.sources,
      answers: this.#answers,
      direct: new Direct(this.looker, clock, by, ports.directBudget),
    });
  }

  /**
   * The state of a resource. The first poll anywhere makes its mirror; from then on it is answered from the one in this process while that is fresh. A
   * stale one is refreshed, by one call of the origin however many ask, wherever they are.
   *
   * Fails as `source-unknown`, `resource-missing`, and where there is nothing to answer from with why: `origin-…`, `over-budget`, `deadline-exceeded`.
   */
  poll(id: string, options?: PollOptions): Promise<MirrorState> {
    const entry = this.live.entries.get(id);
    if (entry !== undefined && options?.mirror !== false) {
      const nowMs = this.ports.clock.nowMs();
      if (nowMs < entry.servedUntilMonoMs && this.live.following)
        return Promise.resolve(this.#answers.answer(entry, nowMs));
    }
    return this.#poll(id, options ?? {});
  }

  /** What the mirror in this process has, fresh or not, at once; null: nothing. */
  peek(id: string): MirrorState | null {
    const entry = this.live.entries.get(id);
    if (entry === undefined || ownValue(entry) === null) return null;
    return this.#answers.answer(entry, this.ports.clock.nowMs());
  }

  /** The present state, then every change of it; ends when the signal aborts. Slow readers get the newest only. */
  watch(
    id: string,
    options: PollOptions & { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<MirrorEvent, void, undefined> {
    return this.#watches.watch(id, options);
  }

  /** Asks the origin now, unless somebody does already; `forced`: this process, and takes what it says even if that is older. Fails like `poll`. */
  async refresh(id: string, reason: RefreshReason = 'asked'): Promise<MirrorState> {
    const resource = resourceId(id);
    const config = this.sources.configOf(resource.source);
    const deadlineMs = this.ports.clock.nowMs() + config.timeoutMs + 2000;
    if (!this.sources.isMirrored(resource)) return await this.#past.unmirrored(id, config, deadlineMs);
    const refreshed = await this.#refreshes.refresh(id, reason, deadlineMs);
    if (refreshed.kind === 'state') return refreshed.state;
    throw refreshed.error;
  }

  /**
   * Something said that these changed: from now on no mirror of them is fresh until somebody has looked. Resolves to those of them that are mirrored; others are
   * left alone. Fails as `invalid-argument`, else like `StateClient.txn`.
   */
  async invalidate(...ids: readonly string[]): Promise<readonly string[]> {
    const { client, clock, by } = this.ports;
    // Of a source that is unknown here another process may keep mirrors.
    const mirrored = ids.filter((id) => {
      const resource = resourceId(id);
      return this.sources.get(resource.source) === null || this.sources.isMirrored(resource);
    });
    return await invalidate(client, mirrored, { reason: 'invalidated', by, atMs: clock.wallMs() });
  }

  /** Leaves it to a refresher to look, soon; resolves when it is written down. */
  async ask(...ids: readonly string[]): Promise<void> {
    const { client, clock, by } = this.ports;
    const record = { reason: 'asked', by, atMs: clock.wallMs() } as const;
    await ask(client, ids, record, (source) => this.sources.isShared(source));
  }

  /** Freshness, accuracy, latency and hits of all mirrors, from this process's mirror and what all processes report. */
  async health(options: HealthOptions = {}): Promise<MirrorsHealth> {
    if (options.consistency !== 'serializable') await this.#reporter.report();
    return await healthOf(this.ports.client, this.live.entries.values(), this.ports.clock.nowMs(), options);
  }

  /** Begins to follow the mirrors, and to report. Fails where the cluster cannot be reached, and goes on trying behind. */
  async start(): Promise<void> {
    this.#reporter.start();
    await this.live.start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watches.close();
    this.#reporter.stop();
    this.looker.close();
    await this.live.stop();
    for (const { listeners } of this.live.entries.values()) for (const listener of [...listeners]) listener();
    await this.lease.close();
    await this.sources.close();
    await this.ports.onClose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #poll(name: string, options: PollOptions): Promise<MirrorState> {
    if (this.#closed) throw new TanistError('closed', 'these mirrors are closed');
    const id = resourceId(name);
    const config = this.sources.configOf(id.source);
    const { clock } = this.ports;
    const entry = this.live.entries.get(name);
    if (options.mirror === false || !this.sources.isMirrored(id))
      return await this.#past.unmirrored(
        name,
        config,
        clock.nowMs() + (options.waitMs ?? config.timeoutMs + 2000),
      );
    if (!this.live.following)
      return await this.#past.cluster(name, new TanistError('unavailable', 'the cluster cannot be reached'));
    const nowMs = clock.nowMs();
    const waitMs = options.waitMs ?? config.timeoutMs + 2000;
    if (entry !== undefined) {
      if (nowMs < entry.servedUntilMonoMs) return this.#answers.answer(entry, nowMs);
      if (nowMs < entry.freshUntilMonoMs)
        return await this.#due(entry, nowMs + waitMs, options.onStale ?? config.onStale);
      if (nowMs < entry.goneUntilMonoMs) throw missing(name);
      if (ownValue(entry) !== null && (options.onStale ?? config.onStale) === 'serve') {
        // Whoever reads next has what this brings; what goes wrong is in the entry.
        void this.#refreshes.refresh(name, 'stale', nowMs + config.timeoutMs + 2000).catch(() => undefined);
        return this.#answers.stale(entry, failureOf(entry, nowMs));
      }
    }
    const reason = entry === undefined || ownValue(entry) === null ? 'created' : 'stale';
    const refreshed = await this.#refreshes.refresh(name, reason, nowMs + waitMs);
    if (refreshed.kind === 'state') return refreshed.state;
    const { error } = refreshed;
    if (refreshed.apart) return await this.#past.cluster(name, error);
    const now = this.live.entries.get(name);
    const isOver = error.code === 'resource-missing' || error.code === 'source-unknown';
    if (now !== undefined && ownValue(now) !== null && !isOver) return this.#answers.stale(now, error);
    throw error;
  }

  /** Fresh, but a look is due that was left to readers: this one has what it finds, and what is here where it cannot be made. */
  async #due(entry: LiveEntry, deadlineMs: number, onStale: 'wait' | 'serve'): Promise<MirrorState> {
    const refreshing = this.#refreshes.refresh(entry.name, 'due', deadlineMs);
    if (onStale === 'serve') {
      void refreshing.catch(() => undefined);
      return this.#answers.answer(entry, this.ports.clock.nowMs());
    }
    const refreshed = await refreshing;
    if (refreshed.kind === 'state') return refreshed.state;
    if (refreshed.error.code === 'resource-missing') throw refreshed.error;
    return this.#answers.answer(entry, this.ports.clock.nowMs());
  }
}

/** A name for a process that chose none. */
export function processName(): string {
  return `p${process.pid}-${randomBytes(3).toString('hex')}`;
}
