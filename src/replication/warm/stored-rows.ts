import type { LeaseId } from '../../foundation/ids.ts';
import type { Database } from '../../ports/database.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import { isSealed, openJson } from '../../storage/record-codec.ts';
import type { HeldRange } from './held-range.ts';
import {
  endOf,
  generationOf,
  leasePrefix,
  membersKey,
  readLease,
  readRow,
  valuePrefix,
} from './warm-rows.ts';

export const batchBytes = 256 * 1024;

/** A range whose values are being read. */
export interface Loading {
  readonly held: HeldRange;
  readonly expected: { readonly keys: number; readonly digest: string };
  wrong: string | null;
}

/** The values of all ranges at once. Those of no range, and of no evidence, are garbage. */
export async function loadValues(
  database: Database,
  byGeneration: ReadonlyMap<number, Loading>,
  evidence: ReadonlySet<number>,
  turn: () => Promise<void>,
): Promise<{ readonly garbage: number[]; readonly highest: number }> {
  const garbage = new Set<number>();
  let highest = 0;
  for await (const rows of database.scan(valuePrefix, endOf(valuePrefix), batchBytes)) {
    for (const { key, value } of rows) {
      const generation = generationOf(key);
      highest = Math.max(highest, generation);
      const loading = byGeneration.get(generation);
      if (loading === undefined) {
        if (!evidence.has(generation)) garbage.add(generation);
        continue;
      }
      const read = readRow(key, value);
      if (read === null)
        loading.wrong ??= `the checksum of the row of key ${JSON.stringify(key.slice(13))} is wrong`;
      else loading.held.put(read);
    }
    await turn();
  }
  return { garbage: [...garbage], highest };
}

/** Under a prefix. */
export async function generationsIn(database: Database, prefix: string): Promise<number[]> {
  const found: number[] = [];
  for await (const rows of database.scan(prefix, endOf(prefix), batchBytes))
    for (const { key } of rows) found.push(generationOf(key));
  return found;
}

/** Whose rows are not altered. */
export async function loadLeases(database: Database): Promise<ReadonlyMap<LeaseId, number>> {
  const leases = new Map<LeaseId, number>();
  for await (const rows of database.scan(leasePrefix, endOf(leasePrefix), batchBytes))
    for (const { key, value } of rows) {
      const lease = readLease(key, value);
      if (lease !== null) leases.set(lease.id, lease.ttlMs);
    }
  return leases;
}

export async function loadMembers(database: Database): Promise<readonly MemberFacts[]> {
  const row = await database.get(membersKey);
  if (row === undefined || !isSealed(membersKey, row)) return [];
  return openJson('warm', membersKey, row) as readonly MemberFacts[];
}
