import { TanistError } from '../../foundation/errors.ts';
import type { Database, DatabaseChange } from '../../ports/database.ts';
import { decodeKeyList, listsOf } from './key-list.ts';
import { endOf, generationPrefix, heldSpaces, keyPrefix, rowKey } from './keys.ts';
import { recordKey, type SnapshotRecord } from './snapshot-record.ts';
import { pageBytes } from './visible-rows.ts';

/** Before the key of a row that is kept as it was. */
export const keptPrefix = 'd/';
const mostBytes = 4 * 1024 * 1024;

/**
 * Before a snapshot goes that shows a state which never was: its record and, up to some MB, the rows that it wrote stay as evidence, in place of those of the
 * one before. On a full disk there is no room for them.
 */
export async function keepRows(database: Database, snapshot: SnapshotRecord): Promise<void> {
  try {
    for await (const rows of database.scan(keptPrefix, endOf(keptPrefix), pageBytes))
      await database.write(
        rows.map(({ key }) => ({ type: 'del', key })),
        { sync: false },
      );
    let bytes = 0;
    let changes: DatabaseChange[] = [];
    let changedBytes = 0;
    for await (const key of keysOf(database, snapshot)) {
      const value = await database.get(key);
      if (value === undefined) continue;
      bytes += key.length + value.length;
      if (bytes > mostBytes) break;
      changes.push({ type: 'put', key: keptPrefix + key, value });
      changedBytes += value.length;
      if (changedBytes < pageBytes) continue;
      await database.write(changes, { sync: false });
      changes = [];
      changedBytes = 0;
    }
    await database.write(changes, { sync: false });
  } catch (error) {
    if (!(error instanceof TanistError) || error.code !== 'disk-full') throw error;
  }
}

/** What a snapshot wrote: its record, what its lists tell of, and the generations that it began. */
async function* keysOf(database: Database, { number, generations }: SnapshotRecord): AsyncGenerator<string> {
  yield recordKey(number);
  const lists = listsOf(number);
  for await (const rows of database.scan(lists, endOf(lists), pageBytes))
    for (const { key: list, value } of rows)
      for (const { space, key } of decodeKeyList(list, value) ?? [])
        yield rowKey(keyPrefix(generationPrefix(space, generations[space]), key), number);
  for (const space of heldSpaces) {
    if (generations[space] !== number) continue;
    const own = generationPrefix(space, number);
    for await (const rows of database.scan(own, endOf(own), pageBytes)) for (const { key } of rows) yield key;
  }
}
