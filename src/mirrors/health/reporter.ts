import { rounded } from '../../foundation/statistics.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { type HitCounts, type Hits, hitKinds } from '../sdk/hits.ts';
import { reportPrefix } from '../state/keys.ts';
import type { ProcessLease } from '../state/process-lease.ts';
import { encodeRecord } from '../state/records.ts';
import type { ReportRecord } from './report-record.ts';

const mostResources = 500;

/** Tells the cluster every so often what this process read, if it read anything since. */
export class Reporter {
  readonly #client: StateClient;
  readonly #clock: Clock;
  readonly #lease: ProcessLease;
  readonly #hits: Hits;
  readonly #key: string;
  readonly #everyMs: number;
  #before = new Map<string, number>();
  #beforeMs: number;
  #timer: Timer | null = null;
  #quiet = true;

  constructor(
    client: StateClient,
    clock: Clock,
    lease: ProcessLease,
    hits: Hits,
    name: string,
    everyMs: number,
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#lease = lease;
    this.#hits = hits;
    this.#key = `${reportPrefix}${name}`;
    this.#everyMs = everyMs;
    this.#beforeMs = clock.nowMs();
  }

  start(): void {
    this.#timer = this.#clock.after(this.#everyMs, () => {
      void this.report().finally(() => this.#timer !== null && this.start());
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  async report(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const seconds = Math.max(0.001, (nowMs - this.#beforeMs) / 1000);
    const before = new Map<string, number>();
    const read: [string, number, HitCounts][] = [];
    for (const [name, hits] of this.#hits.resources()) {
      const reads = hitKinds.reduce((sum, kind) => sum + hits[kind], 0);
      before.set(name, reads);
      read.push([name, (reads - (this.#before.get(name) ?? 0)) / seconds, { ...hits }]);
    }
    this.#before = before;
    this.#beforeMs = nowMs;
    const isQuiet = read.every(([, perSecond]) => perSecond === 0);
    if (isQuiet && this.#quiet) return;
    this.#quiet = isQuiet;
    read.sort((a, b) => b[1] - a[1]);
    const record: ReportRecord = {
      atMs: this.#clock.wallMs(),
      total: this.#hits.total(),
      resources: Object.fromEntries(
        read
          .slice(0, mostResources)
          .map(([name, perSecond, hits]) => [name, { perSecond: rounded(perSecond, 3), hits }]),
      ),
    };
    try {
      await this.#client.put(this.#key, encodeRecord(record), { lease: await this.#lease.id() });
    } catch {
      // The next one tells it all.
      this.#lease.lost();
    }
  }
}
