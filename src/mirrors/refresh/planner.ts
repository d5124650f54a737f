import { asError } from '../../foundation/errors.ts';
import { type Clock, nextTurn } from '../../ports/clock.ts';
import type { StateClient } from '../../ports/state-client.ts';
import type { Work } from '../../prediction/occurrence/model.ts';
import type { SourceConfig } from '../config/source-schema.ts';
import type { ChangeForecasts } from '../forecast/change-forecasts.ts';
import { RefreshSchedule } from '../forecast/refresh-schedule.ts';
import { decoded } from '../state/claim.ts';
import { historyKey } from '../state/keys.ts';
import type { LiveEntry } from '../state/live-entry.ts';
import type { HistoryRecord } from '../state/records.ts';
import { isDated } from './history.ts';

export interface PlannerPorts {
  readonly client: StateClient;
  readonly clock: Clock;
  readonly forecasts: ChangeForecasts;
  readonly entry: (name: string) => LiveEntry | undefined;
  readonly config: (source: string) => SourceConfig | null;
  readonly owns: (name: string) => boolean;
  /** Reads a second, of all processes; null: nobody says. */
  readonly readsPerSecond: (name: string) => number | null;
  readonly onTrouble: (error: Error) => void;
}

interface Known {
  readonly history: HistoryRecord | null;
  readonly valueRevision: number;
  fence: number;
}

/** Models are fitted for this long at a time; then others have their turn. */
const sliceMs = 4;
const readsAtOnce = 32;
/** A resource that nobody is known to read still counts a little. */
const leastWeight = 0.01;

/** Keeps the schedules of sources in step with what the mirrors hear: histories read, models fitted, a little at a time. */
export class Planner {
  readonly #ports: PlannerPorts;
  readonly #schedules = new Map<string, { readonly terms: string; readonly schedule: RefreshSchedule }>();
  readonly #known = new Map<string, Known>();
  readonly #waiting = new Set<string>();
  #working = false;

  constructor(ports: PlannerPorts) {
    this.#ports = ports;
  }

  /** Whether everything heard so far is planned for. */
  get idle(): boolean {
    return this.#waiting.size === 0 && !this.#working;
  }

  schedule(source: string, config: SourceConfig): RefreshSchedule {
    // Whom nobody may keep waiting, no look is left to.
    const waitingReads = config.onStale === 'wait' ? config.waitingReads : 0;
    const terms = JSON.stringify([config.budget, waitingReads]);
    const known = this.#schedules.get(source);
    if (known?.terms === terms) return known.schedule;
    const schedule = new RefreshSchedule(config.budget, waitingReads);
    this.#schedules.set(source, { terms, schedule });
    for (const name of this.#known.keys()) if (name.startsWith(`${source}/`)) this.#again(name);
    return schedule;
  }

  /** The entry changed, or who owns it. */
  heard(name: string): void {
    this.#waiting.add(name);
    if (!this.#working) void this.#work();
  }

  #again(name: string): void {
    const known = this.#known.get(name);
    if (known !== undefined) known.fence = -1;
    this.heard(name);
  }

  async #work(): Promise<void> {
    this.#working = true;
    try {
      while (this.#waiting.size > 0) {
        const names = [...this.#waiting].slice(0, readsAtOnce);
        for (const name of names) this.#waiting.delete(name);
        await Promise.all(names.map((name) => this.#read(name)));
        const { clock } = this.#ports;
        let sinceMs = clock.nowMs();
        const breathe = async (): Promise<void> => {
          if (clock.nowMs() - sinceMs < sliceMs) return;
          await nextTurn(clock);
          sinceMs = clock.nowMs();
        };
        for (const name of names) {
          try {
            for (const work = this.#learning(name); work.next().done !== true; ) await breathe();
            this.#plan(name);
          } catch (error) {
            // One that cannot be planned, of a damaged history say, is looked at as its time runs out.
            this.#ports.onTrouble(asError(error));
          }
          await breathe();
        }
      }
    } finally {
      this.#working = false;
    }
  }

  /** The history as of the value that is known. */
  async #read(name: string): Promise<void> {
    const entry = this.#ports.entry(name);
    if (entry === undefined || !this.#ports.owns(name)) return;
    const known = this.#known.get(name);
    if (known !== undefined && known.valueRevision === entry.valueRevision) return;
    const { valueRevision } = entry;
    try {
      const { values } = await this.#ports.client.get(historyKey(entry.id), { deadlineMs: 2000 });
      this.#known.set(name, { history: decoded<HistoryRecord>(values[0]), valueRevision, fence: -1 });
    } catch {
      // With what is known; the next change asks again.
      if (known === undefined) this.#known.set(name, { history: null, valueRevision: 0, fence: -1 });
    }
  }

  /** So that the plan finds it done. */
  #learning(name: string): Work<unknown> {
    const { clock, forecasts } = this.#ports;
    return forecasts.learning(name, this.#known.get(name)?.history ?? null, clock.wallMs());
  }

  #plan(name: string): void {
    const { clock, forecasts, config, owns, readsPerSecond } = this.#ports;
    const entry = this.#ports.entry(name);
    const source = name.slice(0, name.indexOf('/'));
    const sourceConfig = config(source);
    const known = this.#known.get(name);
    if (
      entry?.check == null ||
      entry.value === null ||
      sourceConfig === null ||
      !owns(name) ||
      known === undefined
    ) {
      this.#schedules.get(source)?.schedule.remove(name);
      this.#known.delete(name);
      return;
    }
    const { check } = entry;
    if (known.fence === check.fence || check.checkedAtMs === 0) return;
    const changed = known.fence === -1 || check.counts.changes > 0;
    known.fence = check.fence;
    const nowMs = clock.wallMs();
    const ageMs = Math.max(0, clock.nowMs() - entry.checkedMonoMs);
    const atMs = nowMs - ageMs;
    const perSecond = readsPerSecond(name);
    this.schedule(source, sourceConfig).looked(name, {
      atMs,
      changed: changed && entry.value.changedAtMs >= check.checkedAtMs - check.tookMs,
      next: forecasts.next(name, known.history, atMs),
      dated: isDated(known.history),
      knownMs: Math.max(0, check.checkedAtMs - check.sinceMs),
      // In the same time; the history keeps the last ones only.
      changes: check.counts.changes,
      weight: Math.max(leastWeight, perSecond ?? 1),
      readsPerMs: perSecond === null ? null : perSecond / 1000,
    });
  }
}
