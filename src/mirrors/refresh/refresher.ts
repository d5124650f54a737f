// biome-ignore-all lint/suspicious/noThenProperty: the transaction's own word
import { asError } from '../../foundation/errors.ts';
import type { Timer } from '../../ports/clock.ts';
import type { SourceConfig } from '../config/source-schema.ts';
import { ReadReports } from '../health/read-reports.ts';
import { leaveToReaders } from '../invalidation/wanted.ts';
import type { Mirrors } from '../sdk/mirrors.ts';
import { historyKey, liveKey } from '../state/keys.ts';
import type { LiveEntry } from '../state/live-entry.ts';
import type { RefreshReason, WantedRecord } from '../state/records.ts';
import { refilled } from '../state/token-bucket.ts';
import { OriginWatches } from './origin-watches.ts';
import { Planner } from './planner.ts';
import { RefresherSet } from './refresher-set.ts';

export interface RefresherOptions {
  /** Origins asked at a time. Default 16. */
  readonly parallel?: number;
  /** Between two looks for work, in ms. Default 250. */
  readonly tickMs?: number;
}

const reportsMs = 10_000;
const unableMs = 5 * 60_000;

interface Work {
  readonly entry: LiveEntry;
  readonly config: SourceConfig;
  readonly reason: RefreshReason;
  readonly reserve: number;
}

/**
 * Refreshes mirrors before readers find them stale: this process's share of all resources, spread over the refreshers that live. What somebody wants comes
 * first, then what a prediction makes worth a call, then what its time has run out of.
 */
export class Refresher {
  readonly set: RefresherSet;
  readonly #mirrors: Mirrors;
  readonly #planner: Planner;
  readonly #reports: ReadReports;
  readonly #watches: OriginWatches;
  readonly #parallel: number;
  readonly #tickMs: number;
  readonly #busy = new Set<string>();
  /** Sources that a look could not ask, which is only then known of a secret. */
  readonly #unableUntilMs = new Map<string, number>();
  readonly #unlisten: () => void;
  #timer: Timer | null = null;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(mirrors: Mirrors, options: RefresherOptions = {}) {
    this.#mirrors = mirrors;
    this.#parallel = options.parallel ?? 16;
    this.#tickMs = options.tickMs ?? 250;
    const { client, clock, by, onTrouble } = mirrors.ports;
    this.#reports = new ReadReports(client, clock, (name) => mirrors.live.entries.has(name));
    this.set = new RefresherSet({ client, clock, lease: mirrors.lease, name: by, onTrouble }, () =>
      this.#all(),
    );
    this.#planner = new Planner({
      client,
      clock,
      forecasts: mirrors.forecasts,
      entry: (name) => mirrors.live.entries.get(name),
      config: (source) => mirrors.sources.get(source),
      owns: (name) => this.set.owns(name),
      readsPerSecond: (name) => this.#reports.readsPerSecond(name),
      onTrouble,
    });
    this.#watches = new OriginWatches(mirrors, (name) => this.set.owns(name));
    this.#unlisten = mirrors.live.onChange((entry) => {
      if (this.set.owns(entry.name)) this.#planner.heard(entry.name);
    });
  }

  start(): void {
    this.set.start();
    void this.#announce();
    this.#tick();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#unlisten();
    await this.#watches.stop();
    await this.set.stop();
  }

  /** Resources that are this process's to refresh. */
  owned(): readonly string[] {
    return [...this.#mirrors.live.entries.keys()].filter((name) => this.set.owns(name));
  }

  #all(): void {
    for (const name of this.#mirrors.live.entries.keys()) this.#planner.heard(name);
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#timer = this.#mirrors.ports.clock.after(this.#tickMs, () => this.#tick());
    const { clock } = this.#mirrors.ports;
    if (clock.nowMs() - this.#reportedMs > reportsMs) {
      this.#reportedMs = clock.nowMs();
      void this.#reports.read();
      void this.#announce();
    }
    if (!this.#mirrors.live.following) return;
    try {
      this.#watches.tick();
      for (const work of this.#due()) {
        if (this.#busy.size >= this.#parallel) return;
        void this.#look(work);
      }
    } catch (error) {
      this.#mirrors.ports.onTrouble(asError(error));
    }
  }

  async #look({ entry, config, reason, reserve }: Work): Promise<void> {
    const { name, id } = entry;
    this.#busy.add(name);
    try {
      const { kind } = await this.#mirrors.looker.look(id, config, reason, { reserve });
      if (kind !== 'unable') return;
      this.#unableUntilMs.set(id.source, this.#mirrors.ports.clock.nowMs() + unableMs);
      await this.#announce();
    } catch (error) {
      this.#mirrors.ports.onTrouble(asError(error));
    } finally {
      this.#busy.delete(name);
    }
  }

  /** Which sources this process can ask, as far as it knows. */
  async #announce(): Promise<void> {
    const { sources, looker, ports } = this.#mirrors;
    const able: string[] = [];
    for (const source of sources.names().toSorted()) {
      const isUnable = ports.clock.nowMs() < (this.#unableUntilMs.get(source) ?? Number.NEGATIVE_INFINITY);
      if (isUnable) continue;
      const timeoutMs = sources.get(source)?.timeoutMs ?? 0;
      if ((await looker.origins.unableTo(source, timeoutMs)) === null) able.push(source);
    }
    // The next one tells it.
    if (!this.#stopped) await this.set.announce(able).catch(() => undefined);
  }

  /** What is to be done, the most urgent first. */
  *#due(): Generator<Work> {
    const { live, sources, ports } = this.#mirrors;
    const nowMs = ports.clock.nowMs();
    const expired: Work[] = [];
    const perSource = new Map<string, { mine: number; all: number }>();
    for (const entry of [...live.entries.values()]) {
      const { id, name } = entry;
      const config = sources.get(id.source);
      if (config === null) continue;
      const counts = perSource.get(id.source) ?? { mine: 0, all: 0 };
      perSource.set(id.source, counts);
      counts.all++;
      if (!this.set.owns(name)) continue;
      counts.mine++;
      if (!this.#mayLook(entry)) continue;
      const { reserve } = this.#planner.schedule(id.source, config);
      if (entry.wanted !== null && !isPatient(entry, entry.wanted, nowMs)) {
        yield {
          entry,
          config,
          reason: entry.wanted.reason,
          reserve: entry.wanted.reason === 'due' ? reserve : 0,
        };
        continue;
      }
      const staleMs = nowMs - entry.checkedMonoMs - config.freshForMs;
      const idleMs = this.#reports.idleMs(name);
      const isIdle = idleMs > config.idleMs;
      if (idleMs > config.forgetMs || (entry.check?.gone && isIdle && staleMs > config.idleMs)) {
        void this.#forget(entry);
        continue;
      }
      if (config.refresh === 'on-demand' || entry.value === null || isIdle) continue;
      if (staleMs < 0 && !entry.isForeign) continue;
      expired.push({ entry, config, reason: 'interval', reserve });
    }
    for (const [source, { mine, all }] of perSource) yield* this.#predicted(source, mine / Math.max(1, all));
    expired.sort((a, b) => a.entry.checkedMonoMs - b.entry.checkedMonoMs);
    for (const work of expired) if (this.#mayLook(work.entry)) yield work;
  }

  *#predicted(source: string, share: number): Generator<Work> {
    const { live, sources, ports } = this.#mirrors;
    const config = sources.get(source);
    if (config === null || config.refresh !== 'predicted' || share === 0) return;
    const schedule = this.#planner.schedule(source, config);
    schedule.setShare(share);
    const wallMs = ports.clock.wallMs();
    const { budgets } = live;
    const { tokens } = refilled(budgets.known(source)?.record ?? null, config.budget, budgets.nowMs());
    const may = (name: string): boolean => {
      const entry = live.entries.get(name);
      if (entry === undefined || entry.wanted !== null || !this.set.owns(name)) return false;
      return this.#mayLook(entry) && this.#reports.idleMs(name) <= config.idleMs;
    };
    for (const { name, patienceMs } of schedule.looks(wallMs, tokens, may)) {
      const entry = live.entries.get(name);
      if (entry === undefined) continue;
      if (patienceMs === 0) yield { entry, config, reason: 'predicted', reserve: schedule.reserve };
      else void this.#leave(entry, patienceMs);
    }
  }

  /** To whoever reads it next. */
  async #leave(entry: LiveEntry, patienceMs: number | null): Promise<void> {
    const { client, clock, by } = this.#mirrors.ports;
    this.#busy.add(entry.name);
    try {
      await leaveToReaders(client, entry, { reason: 'due', by, atMs: clock.wallMs(), patienceMs });
    } catch {
      // It stays due, and the next tick tries again.
    } finally {
      this.#busy.delete(entry.name);
    }
  }

  #mayLook(entry: LiveEntry): boolean {
    const { sources, ports } = this.#mirrors;
    if (entry.claim !== null || this.#busy.has(entry.name) || !sources.isMirrored(entry.id)) return false;
    return ports.clock.nowMs() >= entry.retryAtMonoMs;
  }

  /** A resource that nobody asks for any more leaves nothing behind. */
  async #forget(entry: LiveEntry): Promise<void> {
    const { client } = this.#mirrors.ports;
    const { id, name, checkRevision } = entry;
    if (checkRevision === 0 || this.#busy.size >= this.#parallel) return;
    this.#busy.add(name);
    try {
      await client.txn({
        if: [
          { key: liveKey('check', id), is: '=', modRevision: checkRevision },
          { key: liveKey('claim', id), is: '=', version: 0 },
        ],
        then: [
          { delete: liveKey('value', id) },
          { delete: liveKey('check', id) },
          { delete: liveKey('wanted', id) },
          { delete: historyKey(id) },
        ],
      });
    } catch {
      // The next tick tries again.
    } finally {
      this.#busy.delete(name);
    }
  }
}

/** Whether a look that is due is a reader's to make, still. */
function isPatient({ wantedMonoMs }: LiveEntry, wanted: WantedRecord, nowMs: number): boolean {
  return wanted.reason === 'due' && (wanted.patienceMs === null || nowMs < wantedMonoMs + wanted.patienceMs);
}
