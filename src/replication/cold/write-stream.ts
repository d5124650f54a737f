import { TanistError } from '../../foundation/errors.ts';
import type { Database } from '../../ports/database.ts';
import { sameLineage } from '../../ports/lineage-order.ts';
import type { Held, Lineage, Mark, StreamPart } from '../../ports/replication.ts';
import { heldSpaces } from './keys.ts';
import type { SnapshotRecord } from './snapshot-record.ts';
import { SnapshotWriter } from './snapshot-writer.ts';

export interface StreamTarget {
  readonly database: Database;
  /** Of the new snapshot. */
  readonly number: number;
  /** What is gone on from; null: the stream tells everything. */
  readonly held: Held | null;
  readonly newest: SnapshotRecord | null;
}

/** Writes a stream of mode `latest` to its mark; nothing refers to the rows before there is a record. Errors: `data-damaged`, `data-of-another-cluster`. */
export async function writeStream(
  { database, number, held, newest }: StreamTarget,
  parts: AsyncIterable<StreamPart>,
): Promise<{ readonly writer: SnapshotWriter; readonly mark: Mark }> {
  let writer: SnapshotWriter | null = null;
  for await (const part of parts) {
    if (writer === null) {
      if (part.kind !== 'ranges') throw cutShort('it does not begin with what it is about');
      if (newest !== null && part.lineage.epoch < newest.lineage.epoch)
        throw new TanistError(
          'data-of-another-cluster',
          `the source is of epoch ${part.lineage.epoch}, this replica holds epoch ${newest.lineage.epoch}: follow a member of that`,
        );
      writer = new SnapshotWriter(database, number, part.lineage, held === null ? null : newest);
    } else if (part.kind === 'mark') return { writer, mark: part };
    else await writer.take(part);
  }
  throw cutShort('it ended before its end');
}

/** A replica that lags is no source: readers would go back in time. Errors: `unavailable`. */
export function refuseOlder(newest: SnapshotRecord | null, lineage: Lineage, mark: Mark): void {
  if (newest === null || !sameLineage(newest.lineage, lineage)) return;
  for (const space of heldSpaces)
    if (mark.revisions[space] < newest.revisions[space])
      throw new TanistError(
        'unavailable',
        `the source is at revision ${mark.revisions[space]} of ${space}, behind the ${newest.revisions[space]} held here: ask another one`,
      );
}

function cutShort(what: string): TanistError {
  return new TanistError('data-damaged', `the snapshot was cut short: ${what}. Nothing of it was kept`);
}
