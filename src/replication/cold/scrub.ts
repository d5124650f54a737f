import type { ByteString } from '../../foundation/bytes.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Database } from '../../ports/database.ts';
import { elementHash, hashKeyValue } from '../../state/mvcc/element-hash.ts';
import { RangeSum } from '../range-sum.ts';
import { Damage } from './damage.ts';
import { decodeKeyList, listsPrefix } from './key-list.ts';
import { endOf, generationPrefix, type HeldSpace, parseRowKey } from './keys.ts';
import { decodeLeases, leasesPrefix } from './lease-list.ts';
import { openSnapshot, recordsPrefix, type SnapshotRecord } from './snapshot-record.ts';
import { pageBytes, trusted } from './visible-rows.ts';

/** Called before the next page, with the bytes of the last one. It sets the pace. */
export type Pace = (bytes: number) => Promise<void>;

/**
 * Pages read by one scan: an open one keeps LevelDB from removing files that it has rewritten, and every one that was open holds memory until it is collected.
 */
const pagesPerScan = 256;

/**
 * Reads every row of a generation once: the checksum of each, and the content of each of these snapshots, oldest first and all of this generation, against
 * its digest. They must stay meanwhile. Fails with `Damage`.
 */
export async function scrubGeneration(
  database: Database,
  space: HeldSpace,
  generation: number,
  snapshots: readonly SnapshotRecord[],
  pace: Pace,
): Promise<void> {
  const prefix = generationPrefix(space, generation);
  const where = { space, generation };
  /** What changes from one of the snapshots to the next; the first one is all of its content. */
  const steps = snapshots.map(() => new RangeSum());
  const firstThatSees = (number: number): RangeSum | undefined =>
    steps[snapshots.findIndex((one) => one.number >= number)];
  let key: ByteString | null = null;
  let hash: { readonly a: number; readonly b: number } | null = null;
  let from = prefix;
  for (;;) {
    let pages = 0;
    for await (const rows of database.scan(from, endOf(prefix), pageBytes)) {
      let bytes = 0;
      for (const row of rows) {
        bytes += row.key.length + row.value.length;
        from = `${row.key}\0`;
        const parsed = parseRowKey(prefix, row.key);
        if (parsed === null)
          throw new Damage(`row ${JSON.stringify(row.key)} has no key of a row`, where, row);
        const found = trusted(where, parsed.key, row);
        const step = firstThatSees(parsed.number);
        if (parsed.key !== key) hash = null;
        key = parsed.key;
        if (hash !== null) step?.addHash(hash.a, hash.b, -1);
        hash = null;
        if (found.kind === 'gone') continue;
        hashKeyValue(found.value);
        hash = { a: elementHash.a, b: elementHash.b };
        step?.addHash(hash.a, hash.b, 1);
      }
      await pace(bytes);
      if (++pages === pagesPerScan) break;
    }
    if (pages < pagesPerScan) break;
  }
  const content = new RangeSum();
  for (const [i, snapshot] of snapshots.entries()) {
    const step = steps[i];
    if (step !== undefined) content.addSum(step);
    const expected = snapshot.contents[space];
    const isRight = expected.keys === content.keys && expected.digest === content.digest;
    if (isRight || mutant.active === 'cold-scrub-ignores-digest') continue;
    throw new Damage(
      `snapshot ${snapshot.number} of space ${space} has ${content.keys} keys with digest ${content.digest} ` +
        `instead of ${expected.keys} with ${expected.digest}`,
      where,
    );
  }
}

/** The rows beside the keys: records, lists of changed keys and of leases. Fails with `Damage`. */
export async function scrubLists(database: Database, pace: Pace): Promise<void> {
  const kinds: readonly [string, (key: string, value: Uint8Array) => unknown][] = [
    [recordsPrefix, openSnapshot],
    [listsPrefix, decodeKeyList],
    [leasesPrefix, decodeLeases],
  ];
  for (const [prefix, open] of kinds) {
    for await (const rows of database.scan(prefix, endOf(prefix), pageBytes)) {
      let bytes = 0;
      for (const { key, value } of rows) {
        bytes += key.length + value.length;
        if (open(key, value) === null)
          throw new Damage(`the checksum of row ${JSON.stringify(key)} is wrong`, null, { key, value });
      }
      await pace(bytes);
    }
  }
}
