import type { Clock } from '../../ports/clock.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { hitKinds } from '../sdk/hits.ts';
import { reportPrefix } from '../state/keys.ts';
import { decodeRecord } from '../state/records.ts';
import type { ReportRecord } from './report-record.ts';

/** What all processes say that they read of late: where freshness is worth most, and what nobody reads any more. */
export class ReadReports {
  readonly #client: StateClient;
  readonly #clock: Clock;
  #perSecond = new Map<string, number>();
  readonly #lastReadMs = new Map<string, number>();
  /** Reads of all processes, as last reported. */
  #counts: ReadonlyMap<string, number> = new Map();
  #heard = false;
  /** Whether there is a mirror of it: of others nothing is kept. */
  readonly #isMirrored: (name: string) => boolean;

  constructor(client: StateClient, clock: Clock, isMirrored: (name: string) => boolean = () => true) {
    this.#client = client;
    this.#clock = clock;
    this.#isMirrored = isMirrored;
  }

  /** Resources of which it is kept when they were read. */
  get size(): number {
    return this.#lastReadMs.size;
  }

  /** Null: no process reports at all. */
  readsPerSecond(name: string): number | null {
    return this.#heard ? (this.#perSecond.get(name) ?? 0) : null;
  }

  /** How long nobody has been known to read it; counts from when it is asked for the first time. */
  idleMs(name: string): number {
    const nowMs = this.#clock.nowMs();
    const last = this.#lastReadMs.get(name);
    if (last !== undefined) return nowMs - last;
    this.#lastReadMs.set(name, nowMs);
    return 0;
  }

  async read(): Promise<void> {
    try {
      const { values } = await this.#client.get(reportPrefix, {
        prefix: true,
        limit: 10_000,
        consistency: 'serializable',
      });
      const perSecond = new Map<string, number>();
      const counts = new Map<string, number>();
      for (const { value } of values) {
        const record = decodeRecord<ReportRecord>(value);
        for (const [name, { perSecond: reads, hits }] of Object.entries(record?.resources ?? {})) {
          const count = hitKinds.reduce((sum, kind) => sum + (hits?.[kind] ?? 0), 0);
          counts.set(name, (counts.get(name) ?? 0) + count);
          if (typeof reads !== 'number' || reads <= 0) continue;
          perSecond.set(name, (perSecond.get(name) ?? 0) + reads);
          this.#lastReadMs.set(name, this.#clock.nowMs());
        }
      }
      // Read in between two reports, of which only the later one was seen.
      for (const [name, count] of counts)
        if (count > (this.#counts.get(name) ?? count)) this.#lastReadMs.set(name, this.#clock.nowMs());
      this.#counts = counts;
      for (const name of this.#lastReadMs.keys()) if (!this.#isMirrored(name)) this.#lastReadMs.delete(name);
      this.#heard = values.length > 0;
      this.#perSecond = perSecond;
    } catch {
      // What was known goes on counting.
    }
  }
}
