import { rounded } from '../../foundation/statistics.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { type HitCounts, type Hits, hitKinds, noHits } from '../sdk/hits.ts';
import { reportPrefix } from '../state/keys.ts';
import type { ProcessLease } from '../state/process-lease.ts';
import { encodeRecord } from '../state/records.ts';
import type { ReportRecord } from './report-record.ts';

const partResources = 500;

interface Part {
  readonly reads: ReadonlyMap<string, number>;
  readonly atMs: number;
  readonly isQuiet: boolean;
}

interface Measured extends Part {
  readonly resources: ReportRecord['resources'];
}

export interface ReporterPorts {
  readonly client: StateClient;
  readonly clock: Clock;
  readonly lease: ProcessLease;
  readonly hits: Hits;
  /** Watches that live, by resource: who watches reads. */
  readonly watches: ReadonlyMap<string, number>;
  readonly name: string;
  readonly everyMs: number;
}

/**
 * Tells the cluster every so often what this process read, if it read anything since: the sums and the first resources each time, and of further ones a
 * part in turn, so that none is taken for idle and a report stays small.
 */
export class Reporter {
  readonly #ports: ReporterPorts;
  readonly #parts = new Map<number, Part>();
  readonly #startMs: number;
  #turn = 0;
  #timer: Timer | null = null;

  constructor(ports: ReporterPorts) {
    this.#ports = ports;
    this.#startMs = ports.clock.nowMs();
  }

  start(): void {
    this.#timer = this.#ports.clock.after(this.#ports.everyMs, () => {
      void this.report().finally(() => this.#timer !== null && this.start());
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  async report(): Promise<void> {
    const { hits, watches } = this.#ports;
    const all = hits.resources();
    // What is missing makes no hit; who watches for it reads it.
    for (const name of watches.keys()) if (!hits.has(name)) all.push([name, noHits()]);
    const changed: number[] = [];
    const measured = new Map<number, Measured>();
    for (let part = 0; part === 0 || part * partResources < all.length; part++) {
      const found = this.#measured(part, all.slice(part * partResources, (part + 1) * partResources));
      measured.set(part, found);
      if (!found.isQuiet || this.#parts.get(part)?.isQuiet === false) changed.push(part);
    }
    if (changed.length === 0) return;
    const further = changed.filter((part) => part > 0);
    this.#turn = further.find((part) => part > this.#turn) ?? further[0] ?? 0;
    for (const part of new Set([0, this.#turn])) {
      const found = measured.get(part);
      if (found === undefined) continue;
      this.#parts.set(part, found);
      await this.#put(part, found.resources);
    }
  }

  #measured(part: number, all: readonly (readonly [string, Readonly<HitCounts>])[]): Measured {
    const { clock, watches, everyMs } = this.#ports;
    const before = this.#parts.get(part);
    const atMs = clock.nowMs();
    const seconds = Math.max(0.001, (atMs - (before?.atMs ?? this.#startMs)) / 1000);
    const reads = new Map<string, number>();
    const resources: Record<string, ReportRecord['resources'][string]> = {};
    let isQuiet = true;
    for (const [name, hits] of all) {
      const count = hitKinds.reduce((sum, kind) => sum + hits[kind], 0);
      const watching = ((watches.get(name) ?? 0) * 1000) / everyMs;
      const known = before?.reads.get(name) ?? 0;
      // Counted anew since it was forgotten.
      const perSecond = (count - (count < known ? 0 : known)) / seconds + watching;
      if (perSecond > 0) isQuiet = false;
      reads.set(name, count);
      resources[name] = { perSecond: rounded(perSecond, 6), hits: { ...hits } };
    }
    return { reads, atMs, isQuiet, resources };
  }

  async #put(part: number, resources: ReportRecord['resources']): Promise<void> {
    const { client, clock, lease, hits, name } = this.#ports;
    const key = `${reportPrefix}${name}${part === 0 ? '' : `/${part}`}`;
    const total = part === 0 ? hits.total() : null;
    const record: ReportRecord = { atMs: clock.wallMs(), total, resources };
    try {
      await client.put(key, encodeRecord(record), { lease: await lease.id() });
    } catch {
      // The next one tells it all.
      lease.lost();
    }
  }
}
