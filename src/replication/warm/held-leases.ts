import type { LeaseId } from '../../foundation/ids.ts';
import type { DatabaseChange } from '../../ports/database.ts';
import type { Takeover } from './takeover.ts';
import { leaseRow } from './warm-rows.ts';

/** The leases that a warm replica holds, with their time-to-live in ms, and their rows. */
export class HeldLeases {
  readonly #ttls: Map<LeaseId, number>;

  constructor(ttls: ReadonlyMap<LeaseId, number>) {
    this.#ttls = new Map(ttls);
  }

  get ttls(): ReadonlyMap<LeaseId, number> {
    return this.#ttls;
  }

  /** What came since the last mark; what is to be written of it goes into `rows`. */
  take({ leases, allLeases }: Pick<Takeover, 'leases' | 'allLeases'>, rows: DatabaseChange[]): void {
    if (allLeases)
      for (const id of this.#ttls.keys()) {
        if (leases.has(id)) continue;
        this.#ttls.delete(id);
        rows.push(leaseRow(id, null));
      }
    for (const [id, ttlMs] of leases) {
      if (ttlMs === null) {
        if (this.#ttls.delete(id)) rows.push(leaseRow(id, null));
      } else if (this.#ttls.get(id) !== ttlMs) {
        this.#ttls.set(id, ttlMs);
        rows.push(leaseRow(id, ttlMs));
      }
    }
  }

  letGo(rows: DatabaseChange[]): void {
    for (const id of this.#ttls.keys()) rows.push(leaseRow(id, null));
    this.#ttls.clear();
  }
}
