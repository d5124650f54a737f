import test from 'ava';
import { type Database, withWrite } from '../../src/ports/database.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';

const row = { type: 'put', key: 'k', value: Uint8Array.of(1) } as const;

test('a database that writes in another way is looked at, read and closed as the one beneath', async (t) => {
  const { database } = await new MemoryDisk().open('any');
  const inspected: number[] = [];
  const beneath: Database = {
    write: (changes, options) => database.write(changes, options),
    get: (key) => database.get(key),
    scan: (from, to, batchBytes) => database.scan(from, to, batchBytes),
    last: (from, to) => database.last(from, to),
    sizeBytes: (from, to) => database.sizeBytes(from, to),
    compact: (from, to) => database.compact(from, to),
    inspect: async (pace) => {
      await pace(7);
      return 'a table is wrong';
    },
    close: () => database.close(),
  };
  let writes = 0;
  const other = withWrite(beneath, async (changes, options) => {
    writes++;
    await beneath.write(changes, options);
  });
  await other.write([row], { sync: true });
  t.is(writes, 1);
  t.deepEqual(await other.get('k'), row.value);
  t.is((await other.last('a', 'z'))?.key, 'k');
  const found = await other.inspect?.(async (bytes) => void inspected.push(bytes));
  t.is(found, 'a table is wrong');
  t.deepEqual(inspected, [7]);
  await other.close();
});

test('one that cannot be looked at below its rows has nothing wrong there', async (t) => {
  const { database } = await new MemoryDisk().open('any');
  const other = withWrite(database, (changes, options) => database.write(changes, options));
  t.is(await other.inspect?.(async () => {}), null);
});
