import { createHash } from 'node:crypto';
import type { ClusterTimeMs, LogIndex, Revision } from '../../foundation/ids.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { Lineage, Revisions } from '../../ports/replication.ts';
import { openJson, sealJson } from '../../storage/record-codec.ts';
import { type HeldSpace, heldSpaces, hex8 } from './keys.ts';

/** One snapshot: what `tanist snapshots` lists. Written last and synced, so a snapshot that has no record is none. */
export interface SnapshotRecord {
  readonly number: number;
  readonly lineage: Lineage;
  /** Null: a base. Otherwise what it was an increment to. */
  readonly from: { readonly number: number; readonly revisions: Revisions; readonly checksum: string } | null;
  readonly revisions: Revisions;
  /** On the feeding replica, then. */
  readonly compacted: Revisions;
  /** The furthest that the feeding replica knew its leader to have come. */
  readonly leaderRevisions: Revisions;
  readonly index: LogIndex;
  readonly timeMs: ClusterTimeMs;
  /** This replica's calendar, ms since 1970. */
  readonly takenAtMs: number;
  /** Where the rows of a space are: see keys.ts. */
  readonly generations: Readonly<Record<HeldSpace, number>>;
  /** All content of a space as of this snapshot, as hot replicas digest it. */
  readonly contents: Readonly<Record<HeldSpace, { readonly keys: number; readonly digest: string }>>;
  /** What it added: rows, and their bytes with keys. */
  readonly rows: number;
  readonly bytes: number;
  readonly leases: number;
  readonly leasesHash: string;
  readonly members: readonly MemberFacts[];
  /** Over all rows that were written for it. */
  readonly rowsHash: string;
  /** Over all of the above, which has the checksum of the snapshot before in it. */
  readonly checksum: string;
}

export const recordsPrefix = 's/';

export function recordKey(number: number): string {
  return `${recordsPrefix}${hex8(number)}`;
}

export function sealSnapshot(content: Omit<SnapshotRecord, 'checksum'>): {
  readonly record: SnapshotRecord;
  readonly row: Buffer;
} {
  const record: SnapshotRecord = { ...content, checksum: checksumOf(content) };
  return { record, row: sealJson(recordKey(record.number), record) };
}

/** Null: altered. */
export function openSnapshot(key: string, row: Uint8Array): SnapshotRecord | null {
  try {
    const { checksum, ...content } = openJson('the snapshot', key, row) as SnapshotRecord;
    const isOwn = recordKey(content.number) === key && checksum === checksumOf(content);
    return isOwn ? { ...content, checksum } : null;
  } catch {
    return null;
  }
}

function checksumOf(content: Omit<SnapshotRecord, 'checksum'>): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

export function sameRevisions(left: Revisions, right: Revisions): boolean {
  return heldSpaces.every((space) => left[space] === right[space]);
}

export function revisionOf(snapshot: SnapshotRecord, space: HeldSpace): Revision {
  return snapshot.revisions[space];
}
