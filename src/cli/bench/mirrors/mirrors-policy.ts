import { ChangeForecasts } from '../../../mirrors/forecast/change-forecasts.ts';
import { RefreshSchedule } from '../../../mirrors/forecast/refresh-schedule.ts';
import { isDated, withChange } from '../../../mirrors/refresh/history.ts';
import type { BudgetRecord, HistoryRecord } from '../../../mirrors/state/records.ts';
import { refilled, taken } from '../../../mirrors/state/token-bucket.ts';
import type { ChangeHistory } from './histories.ts';
import { changesUntil } from './simulated-origin.ts';

export interface MirrorsTerms {
  readonly callsPerMs: number;
  readonly burst: number;
  /** The origin says when it changed last. */
  readonly told: boolean;
  /** Of reads, those that may wait for a look that is due (`waitingReads` of a source). */
  readonly waitingReads: number;
}

/** A resource of the one source, and when it is read, ascending. */
export interface Replayed {
  readonly history: ChangeHistory;
  readonly reads: Float64Array;
}

/**
 * The moments at which mirrors look at the resources of one source: their own schedule, forecasts, histories and bucket. What is due is looked at by the refresher,
 * or left to the next reader, who waits: then the look is at the very moment of the read. No age but the schedule's makes a mirror stale (`freshForMs`).
 */
export function mirrorsPolicy(
  replayed: readonly Replayed[],
  terms: MirrorsTerms,
): ReadonlyMap<string, readonly number[]> {
  const replay = new Replay(replayed, terms);
  replay.run();
  return new Map([...replay.resources].map(([name, { looks }]) => [name, looks]));
}

interface Resource {
  readonly history: ChangeHistory;
  readonly reads: Float64Array;
  readonly readsPerMs: number;
  readonly looks: number[];
  record: HistoryRecord | null;
  /** Changes that the last look knew of; -1: there was none. */
  seen: number;
  changes: number;
  lastMs: number;
  /** The first read that is yet to come. */
  next: number;
  /** Left to readers until then; null: it is not. */
  patientUntilMs: number | null;
}

class Replay {
  readonly resources: Map<string, Resource>;
  readonly #terms: MirrorsTerms;
  readonly #budget: { readonly perMinute: number; readonly burst: number };
  readonly #schedule: RefreshSchedule;
  readonly #forecasts = new ChangeForecasts();
  #bucket: BudgetRecord | null = null;

  constructor(replayed: readonly Replayed[], terms: MirrorsTerms) {
    this.#terms = terms;
    this.#budget = { perMinute: terms.callsPerMs * 60_000, burst: terms.burst };
    this.#schedule = new RefreshSchedule(this.#budget, terms.waitingReads);
    this.resources = new Map(
      replayed.map(({ history, reads }) => [history.name, resourceOf(history, reads)]),
    );
  }

  run(): void {
    const all = [...this.resources.values()];
    const fromMs = Math.min(...all.map(({ history }) => history.fromMs));
    const untilMs = Math.max(...all.map(({ history }) => history.untilMs));
    for (const [name, resource] of this.resources) this.#look(name, resource, fromMs);
    // A fiftieth of the mean time between calls: fine enough that a tick costs no freshness.
    const tickMs = Math.min(1 / this.#terms.callsPerMs / 50, (untilMs - fromMs) / 20_000);
    for (let now = fromMs + tickMs; now < untilMs; now += tickMs) {
      for (const [name, resource] of this.resources) this.#readUntil(name, resource, now);
      this.#refresh(now);
    }
  }

  /** Whoever reads what is due looks, within the budget. */
  #readUntil(name: string, resource: Resource, now: number): void {
    const { reads } = resource;
    for (; (reads[resource.next] ?? Number.POSITIVE_INFINITY) <= now; resource.next++) {
      const read = reads[resource.next] ?? 0;
      if (resource.patientUntilMs !== null && this.#take(read, 0)) this.#look(name, resource, read);
    }
  }

  #refresh(now: number): void {
    const schedule = this.#schedule;
    for (const [name, resource] of this.resources) {
      const { patientUntilMs } = resource;
      if (patientUntilMs === null || now < patientUntilMs) continue;
      if (this.#take(now, schedule.reserve)) this.#look(name, resource, now);
    }
    const { tokens } = refilled(this.#bucket, this.#budget, now);
    const may = (name: string): boolean => this.resources.get(name)?.patientUntilMs === null;
    for (const { name, patienceMs } of schedule.looks(now, tokens, may)) {
      const resource = this.resources.get(name);
      if (resource === undefined) continue;
      if (patienceMs !== 0) resource.patientUntilMs = now + (patienceMs ?? Number.POSITIVE_INFINITY);
      else if (this.#take(now, schedule.reserve)) this.#look(name, resource, now);
    }
  }

  #take(now: number, reserve: number): boolean {
    const token = taken(this.#bucket, this.#budget, now, reserve);
    if (!('after' in token)) return false;
    this.#bucket = token.after;
    return true;
  }

  #look(name: string, resource: Resource, now: number): void {
    const { history, lastMs, readsPerMs } = resource;
    const seen = changesUntil(history.changesMs, now);
    const changed = resource.seen >= 0 && seen > resource.seen;
    if (changed) {
      resource.changes++;
      const last = history.changesMs[seen - 1] ?? now;
      resource.record = withChange(resource.record, this.#terms.told ? [last, last] : [lastMs, now]);
    }
    resource.seen = seen;
    resource.lastMs = now;
    resource.patientUntilMs = null;
    resource.looks.push(now);
    this.#schedule.looked(name, {
      atMs: now,
      changed,
      next: this.#forecasts.next(name, resource.record, now),
      dated: isDated(resource.record),
      knownMs: now - history.fromMs,
      changes: resource.changes,
      weight: 1,
      readsPerMs,
    });
  }
}

function resourceOf(history: ChangeHistory, reads: Float64Array): Resource {
  return {
    history,
    reads,
    readsPerMs: reads.length / (history.untilMs - history.fromMs),
    looks: [],
    record: null,
    seen: -1,
    changes: 0,
    lastMs: history.fromMs,
    next: 0,
    patientUntilMs: null,
  };
}
