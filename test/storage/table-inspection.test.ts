import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { openLevelDisk } from '../../src/storage/level/level-disk.ts';
import { temporaryFolder } from './temporary-folder.ts';

const small = { rows: { writeBufferBytes: 32 * 1024, maxFileBytes: 32 * 1024 } };
const isTable = (name: string): boolean => /\.(?:ldb|sst)$/.test(name);

test('a flipped bit in a table in force is found before it is read; half a table that a crash left is none', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'rows');
  const disk = await openLevelDisk(folder, { databases: small });
  t.teardown(() => disk.close());
  const { database } = await disk.open('rows', { checked: true });
  for (let i = 0; i < 400; i++) {
    const value = Buffer.alloc(1000, i);
    await database.write([{ type: 'put', key: `k${i}`, value }], { sync: false });
  }
  await database.compact('k', 'l');
  await database.close();
  const names = (await readdir(path)).filter(isTable);
  t.true(names.length > 0);
  const first = join(path, names[0]!);
  const whole = await readFile(first);
  await writeFile(join(path, '999999.ldb'), whole.subarray(0, whole.length / 2));
  await (await disk.open('rows', { checked: true })).database.close();

  const again = (await readdir(path)).filter(isTable);
  for (const name of again) {
    const bytes = await readFile(join(path, name));
    for (const at of [7, bytes.length >> 1, bytes.length - 4]) {
      const spoilt = Buffer.from(bytes);
      spoilt[at]! ^= 4;
      await writeFile(join(path, name), spoilt);
      await t.throwsAsync(disk.open('rows', { checked: true }), { code: 'data-damaged' }, `${name} at ${at}`);
    }
    await writeFile(join(path, name), bytes);
  }
  await (await disk.open('rows', { checked: true })).database.close();
});

test('any start looks at where blocks are, one after a crash at the newest blocks too, and a scrub at all of them', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'rows');
  const disk = await openLevelDisk(folder, { databases: small });
  t.teardown(() => disk.close());
  const { database } = await disk.open('rows');
  for (let i = 0; i < 200; i++)
    await database.write([{ type: 'put', key: `k${i}`, value: Buffer.alloc(1000, i) }], { sync: false });
  await database.compact('k', 'l');
  const pieces: number[] = [];
  const pace = async (bytes: number): Promise<void> => void pieces.push(bytes);
  t.is(await database.inspect!(pace), null);
  t.true(pieces.reduce((sum, bytes) => sum + bytes, 0) > 200_000);
  t.true(Math.max(...pieces) <= 256 * 1024);
  await database.close();
  const [name] = (await readdir(path)).filter(isTable).sort().reverse();
  const table = join(path, name!);
  const whole = await readFile(table);
  const flipped = async (at: number): Promise<void> => {
    const spoilt = Buffer.from(whole);
    spoilt[at]! ^= 4;
    await writeFile(table, spoilt);
  };
  const damaged = { code: 'data-damaged' } as never;
  // The footer, and behind the last data block what the footer names.
  for (const at of [whole.length - 4, whole.length - 60]) {
    await flipped(at);
    await t.throwsAsync(disk.open('rows'), damaged, `byte ${at}`);
  }
  // A data block, after the database was closed: a start does not wait for all of them.
  await flipped(7);
  const opened = await disk.open('rows');
  t.regex((await opened.database.inspect!(pace)) ?? '', /checksum of the block at 0/);
  await opened.database.close();
  // After a crash, which leaves the mark of an open database.
  await writeFile(join(folder, 'rows.open'), '');
  await t.throwsAsync(disk.open('rows'), damaged);
  await writeFile(table, whole);
  await (await disk.open('rows')).database.close();
  t.false((await readdir(folder)).includes('rows.open'));
});
