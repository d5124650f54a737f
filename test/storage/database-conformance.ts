import type { ExecutionContext, TestFn } from 'ava';
import type { Database, DatabaseRow, Disk } from '../../src/ports/database.ts';

export interface DiskUnderTest {
  readonly disk: Disk;
  close(): Promise<void>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

async function all(rows: AsyncIterable<readonly DatabaseRow[]>): Promise<string[]> {
  const found: string[] = [];
  for await (const batch of rows)
    for (const { key, value } of batch) found.push(`${key}=${Buffer.from(value)}`);
  return found;
}

/** What every `Disk` and its databases must do. */
export function databaseConformance(test: TestFn, name: string, make: () => Promise<DiskUnderTest>): void {
  const withDatabase = (
    title: string,
    act: (t: ExecutionContext, database: Database, disk: Disk) => Promise<void>,
  ): void =>
    test(`${name}: ${title}`, async (t) => {
      const under = await make();
      const { database } = await under.disk.open('a');
      try {
        await act(t, database, under.disk);
      } finally {
        await database.close();
        await under.close();
      }
    });

  withDatabase('a batch is carried out in its order', async (t, database) => {
    await database.write(
      [
        { type: 'put', key: 'k', value: bytes('1') },
        { type: 'del', key: 'k' },
        { type: 'put', key: 'k', value: bytes('2') },
        { type: 'put', key: 'l', value: bytes('3') },
        { type: 'del', key: 'l' },
      ],
      { sync: true },
    );
    t.deepEqual(Buffer.from((await database.get('k'))!), Buffer.from('2'));
    t.is(await database.get('l'), undefined);
  });

  withDatabase('writes keep the order of the calls', async (t, database) => {
    const writes = [];
    for (let i = 0; i < 50; i++) {
      writes.push(database.write([{ type: 'put', key: 'k', value: bytes(`${i}`) }], { sync: i % 2 === 0 }));
    }
    await Promise.all(writes);
    t.deepEqual(Buffer.from((await database.get('k'))!), Buffer.from('49'));
  });

  withDatabase('keys compare as bytes, latin1 included; bounds are [from, to)', async (t, database) => {
    const keys = ['a', 'a/', 'a\xff', 'b', 'b/\x80', 'b/\xff', 'c'];
    await database.write(
      [...keys].reverse().map((key) => ({ type: 'put', key, value: bytes('v') })),
      { sync: false },
    );
    t.deepEqual(
      await all(database.scan('', '\xff', 10)),
      keys.map((key) => `${key}=v`),
    );
    t.deepEqual(await all(database.scan('a/', 'b/\xff', 1000)), ['a/=v', 'a\xff=v', 'b=v', 'b/\x80=v']);
    t.is((await database.last('b', 'b/\xff'))?.key, 'b/\x80');
    t.is(await database.last('d', 'e'), undefined);
  });

  withDatabase('a scan shows the moment of the call', async (t, database) => {
    await database.write(
      [
        { type: 'put', key: 'a', value: bytes('1') },
        { type: 'put', key: 'b', value: bytes('1') },
      ],
      { sync: false },
    );
    const scan = database.scan('', 'z', 1);
    await database.write(
      [
        { type: 'del', key: 'a' },
        { type: 'put', key: 'b', value: bytes('2') },
        { type: 'put', key: 'c', value: bytes('2') },
      ],
      { sync: true },
    );
    t.deepEqual(await all(scan), ['a=1', 'b=1']);
    t.deepEqual(await all(database.scan('', 'z', 1)), ['b=2', 'c=2']);
  });

  withDatabase('large values come back whole', async (t, database) => {
    const value = Buffer.alloc(3 * 1024 * 1024, 'tanist');
    await database.write([{ type: 'put', key: 'k', value }], { sync: true });
    t.true(value.equals((await database.get('k'))!));
    let seen = 0;
    for await (const rows of database.scan('', 'z', 1000)) for (const row of rows) seen += row.value.length;
    t.is(seen, value.length);
  });

  withDatabase(
    'a database is open once; what was written is there after closing',
    async (t, database, disk) => {
      await t.throwsAsync(disk.open('a'), { code: 'data-locked' });
      const other = (await disk.open('b')).database;
      await other.write([{ type: 'put', key: 'k', value: bytes('v') }], { sync: false });
      await other.close();
      const again = await disk.open('b');
      t.is(again.integrity, 'clean');
      t.deepEqual(Buffer.from((await again.database.get('k'))!), Buffer.from('v'));
      await again.database.close();
      t.is(await database.get('k'), undefined);
    },
  );

  withDatabase('replace and remove', async (t, _database, disk) => {
    for (const id of ['old', 'new']) {
      const { database } = await disk.open(id);
      await database.write([{ type: 'put', key: id, value: bytes(id) }], { sync: true });
      await database.close();
    }
    await disk.replace('old', 'new');
    t.true(await disk.exists('old'));
    t.false(await disk.exists('new'));
    const { database } = await disk.open('old');
    t.deepEqual(await all(database.scan('', 'z', 100)), ['new=new']);
    await database.close();
    await disk.remove('old');
    await disk.remove('never-there');
    t.false(await disk.exists('old'));
  });
}
