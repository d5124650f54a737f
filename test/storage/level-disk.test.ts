import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Level } from 'level';
import { seededRandom } from '../../src/foundation/random.ts';
import type { DatabaseChange } from '../../src/ports/database.ts';
import { unwritable } from '../../src/storage/level/data-folder.ts';
import { openLevelDisk } from '../../src/storage/level/level-disk.ts';
import { WriteAheadFiles } from '../../src/storage/level/write-ahead-files.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('a folder is open once, and the error names the process', async (t) => {
  const folder = await temporaryFolder(t);
  const disk = await openLevelDisk(folder);
  await t.throwsAsync(openLevelDisk(folder), {
    code: 'data-locked',
    message: new RegExp(`${folder} is in use by process ${process.pid}`),
  });
  await disk.close();
  await (await openLevelDisk(folder)).close();
});

test('whatever is damaged of the lock keeps no node from starting: it holds nothing', async (t) => {
  const folder = await temporaryFolder(t);
  await (await openLevelDisk(folder)).close();
  const lock = join(folder, '.lock');
  for (const name of (await readdir(lock)).filter((each) => each !== 'LOCK')) {
    await writeFile(join(lock, name), 'not what LevelDB wrote');
    const disk = await openLevelDisk(folder);
    await t.throwsAsync(openLevelDisk(folder), { code: 'data-locked' }, name);
    await disk.close();
  }
});

test('tables of many blocks are found well, and a flipped bit of their footer is found', async (t) => {
  const folder = await temporaryFolder(t);
  const write = async (): Promise<void> => {
    const disk = await openLevelDisk(folder);
    const { database } = await disk.open('warm', { checked: true });
    const changes = Array.from(
      { length: 500 },
      (_, i): DatabaseChange => ({
        type: 'put',
        key: `key ${String(i).padStart(4, '0')}`,
        value: randomBytes(200),
      }),
    );
    await database.write(changes, { sync: true });
    await database.close();
    await disk.close();
  };
  // Each start makes a table of what the one before wrote.
  for (let starts = 0; starts < 3; starts++) await t.notThrowsAsync(write());
  const database = join(folder, 'warm');
  await writeFile(join(database, '999999.ldb'), 'as a crash leaves one under way');
  await t.notThrowsAsync(write());
  const tables = (await readdir(database)).filter((name) => name.endsWith('.ldb'));
  t.true(tables.length >= 1);
  const path = join(database, tables[0]!);
  const content = await readFile(path);
  content[content.length - 1]! ^= 4;
  await writeFile(path, content);
  await t.throwsAsync(write(), { code: 'data-damaged', message: /its footer is wrong/ });
});

test('a file where the folder should be', async (t) => {
  const file = join(await temporaryFolder(t), 'file');
  await writeFile(file, '');
  await t.throwsAsync(openLevelDisk(file), {
    code: 'data-not-writable',
    message: /name a folder, not a file/,
  });
  await t.throwsAsync(openLevelDisk(join(file, 'below')), { code: 'data-not-writable' });
});

test('a link that leads nowhere, or a name that cannot be: not a matter of rights', async (t) => {
  const folder = await temporaryFolder(t);
  await symlink(join(folder, 'gone'), join(folder, 'dangling'));
  await symlink('round', join(folder, 'round'));
  for (const name of ['dangling', 'round', 'x'.repeat(300)])
    await t.throwsAsync(openLevelDisk(join(folder, name)), {
      code: 'data-not-writable',
      message: /cannot be made \(E[A-Z]+: .*\): name another folder; if it is a link, make what it leads to$/,
    });
});

test('a file that only rights or links keep from being read is not taken for damage', async (t) => {
  const folder = await temporaryFolder(t);
  const disk = await openLevelDisk(folder);
  await (await disk.open('log')).database.close();
  const current = join(folder, 'log', 'CURRENT');
  await rename(current, join(folder, 'kept'));
  await symlink('CURRENT', current);
  await t.throwsAsync(disk.open('log'), { code: 'data-unreadable', message: /check the folder's rights/ });
  await rm(current);
  await rename(join(folder, 'kept'), current);
  t.is((await disk.open('log')).integrity, 'clean');
});

test('a folder that a file system denies: an error, not a search without end', async (t) => {
  for (const folder of ['/proc/nope', '/proc/nope/below'])
    await t.throwsAsync(openLevelDisk(folder), {
      code: 'data-not-writable',
      message: /proc\/nope cannot be|proc\/nope\/below cannot be/,
    });
});

test('no room is said to be that, not a want of rights', (t) => {
  const file = Object.assign(new Error('write'), { code: 'ENOSPC' });
  const level = new Error('not open', { cause: new Error('IO error: x/MANIFEST: No space left on device') });
  for (const cause of [file, level])
    t.like(unwritable('/data', cause), {
      code: 'disk-full',
      message: 'the disk of /data is full: make room, then start the node again',
    });
  t.like(unwritable('/data', Object.assign(new Error(''), { code: 'EACCES' })), {
    code: 'data-not-writable',
  });
});

test('folders above that are not there are made, and one that is there is no error', async (t) => {
  const folder = join(await temporaryFolder(t), 'a', 'b', 'c');
  const disk = await openLevelDisk(folder);
  await disk.close();
  await (await openLevelDisk(folder)).close();
  t.pass();
});

test('a replace that a crash interrupted is finished at the next start, wherever it stood', async (t) => {
  for (const state of ['journal written', 'old removed', 'renamed'] as const) {
    const folder = await temporaryFolder(t);
    let disk = await openLevelDisk(folder);
    for (const name of ['a', 'b']) {
      const { database } = await disk.open(name);
      await database.write([{ type: 'put', key: name, value: Buffer.from(name) }], { sync: true });
      await database.close();
    }
    if (state !== 'journal written') await disk.remove('a');
    if (state === 'renamed') {
      await disk.replace('a', 'b');
    }
    await disk.close();
    await writeFile(join(folder, 'replace.json'), JSON.stringify({ name: 'a', replacement: 'b' }));
    disk = await openLevelDisk(folder);
    const { database } = await disk.open('a');
    t.is((await database.last('', 'z'))?.key, 'b', state);
    await database.close();
    t.false(await disk.exists('b'));
    t.false((await readdir(folder)).includes('replace.json'));
    await disk.close();
  }
});

test('a full disk refuses writes before LevelDB is touched, and lets them through again', async (t) => {
  const folder = await temporaryFolder(t);
  const mebibyte = 1024 * 1024;
  let free = 100 * mebibyte;
  let asked = 0;
  const disk = await openLevelDisk(folder, {
    reserveBytes: 64 * mebibyte,
    checkEveryBytes: mebibyte,
    freeBytes: async () => {
      asked++;
      return free;
    },
  });
  const { database } = await disk.open('a');
  const write = (bytes: number): Promise<void> =>
    database.write([{ type: 'put', key: `k${bytes}`, value: Buffer.alloc(bytes) }], { sync: false });
  for (let i = 0; i < 100; i++) await write(10_000);
  t.is(asked, 1);
  free = 65 * mebibyte;
  await t.throwsAsync(write(2 * mebibyte), { code: 'disk-full', message: /65 MiB are free/ });
  t.is(await database.get(`k${2 * mebibyte}`), undefined);
  free = 60 * mebibyte;
  await t.throwsAsync(write(10_000), { code: 'disk-full' });
  await t.notThrowsAsync(write(100));
  free = 20 * mebibyte;
  await t.throwsAsync(write(100), { code: 'disk-full' });
  free = 200 * mebibyte;
  await t.notThrowsAsync(write(2 * mebibyte));
  await database.close();
  await disk.close();
});

test('what others write to the disk is noticed after a while, before LevelDB runs into it', async (t) => {
  const folder = await temporaryFolder(t);
  let free = 100 * 1024 * 1024;
  let nowMs = 0;
  const disk = await openLevelDisk(folder, { clock: { nowMs: () => nowMs }, freeBytes: async () => free });
  const { database } = await disk.open('a');
  const write = (key: string): Promise<void> =>
    database.write([{ type: 'put', key, value: Buffer.alloc(10_000) }], { sync: false });
  await write('a');
  await t.notThrowsAsync(write('b'));
  free = 0;
  nowMs = 50;
  await t.throwsAsync(write('c'), { code: 'disk-full', message: /0 MiB are free/ });
  free = 100 * 1024 * 1024;
  await t.notThrowsAsync(write('d'));
  await database.close();
  await disk.close();
});

test('the first failed write is final', async (t) => {
  const folder = await temporaryFolder(t);
  const disk = await openLevelDisk(folder, {
    databases: { a: { writeBufferBytes: 65_536, maxFileBytes: 1024 * 1024 } },
  });
  const { database } = await disk.open('a');
  await rename(join(folder, 'a'), join(folder, 'elsewhere'));
  const write = (): Promise<void> =>
    database.write([{ type: 'put', key: 'k', value: Buffer.alloc(40_000) }], { sync: true });
  await write();
  await write();
  await t.throwsAsync(write(), { code: 'storage-failed', message: /what reached the disk is unknown/ });
  await rename(join(folder, 'elsewhere'), join(folder, 'a'));
  await t.throwsAsync(write(), { code: 'storage-failed' });
  await database.close();
  await disk.close();
});

test('a folder in which LevelDB cannot open', async (t) => {
  const folder = await temporaryFolder(t);
  const disk = await openLevelDisk(folder);
  await writeFile(join(folder, 'a'), 'not a folder');
  await t.throwsAsync(disk.open('a'), { code: 'data-unreadable' });
  await mkdir(join(folder, 'b'));
  await writeFile(join(folder, 'b', 'CURRENT'), 'MANIFEST-000009\n');
  await t.throwsAsync(disk.open('b'), { code: 'data-damaged' });
  await (await disk.open('c')).database.close();
  const log = readdirSync(join(folder, 'c')).find((name) => name.endsWith('.log')) as string;
  await rm(join(folder, 'c', log));
  await mkdir(join(folder, 'c', log));
  await t.throwsAsync(disk.open('c'), { code: 'data-unreadable', message: /check the folder's rights/ });
  await disk.close();
});

for (const sync of [false, true])
  test(`a change of LevelDB's write-ahead file is noticed at the write that makes it, writes synced: ${sync}`, async (t) => {
    const writeBufferSize = 65_536;
    const random = seededRandom('write-ahead');
    for (const largest of [20, 300, 1500, 9000, 90_000]) {
      const folder = await temporaryFolder(t);
      const store = new Level<string, Buffer>(folder, {
        valueEncoding: 'buffer',
        writeBufferSize,
      }) as Level<string, Buffer> & { compactRange(from: string, to: string): Promise<void> };
      await store.open();
      const files = new WriteAheadFiles(folder, writeBufferSize);
      const newest = (): string =>
        readdirSync(folder)
          .filter((name) => name.endsWith('.log'))
          .sort()
          .at(-1)!;
      let changed = 0;
      let held = 0;
      for (let written = 0; written < 8 * writeBufferSize; ) {
        const changes: DatabaseChange[] = [];
        for (let i = 0; i <= random.below(6); i++) {
          const key = `k${random.below(50)}`;
          if (random.chance(0.2)) changes.push({ type: 'del', key });
          else changes.push({ type: 'put', key, value: Buffer.alloc(random.below(largest)) });
        }
        let bytes = 0;
        for (const change of changes) bytes += 20 + (change.type === 'put' ? change.value.length : 0);
        written += bytes;
        const compacts = random.chance(bytes / (4 * writeBufferSize));
        const before = newest();
        let compaction: Promise<void> | null = null;
        if (compacts) {
          await files.compacting();
          // Before the write or after it, as it comes.
          compaction = store.compactRange('a', 'z');
          if (random.chance(0.5)) await compaction;
        }
        const preparing = files.before();
        if (preparing === null) held++;
        await preparing;
        const isSynced = sync || files.isCompacting;
        t.is(isSynced, sync || compacts);
        await store.batch(changes as { type: 'put'; key: string; value: Buffer }[], { sync: isSynced });
        const hasChanged = newest() !== before;
        const noticed = files.after(changes, isSynced);
        const at = `values up to ${largest} B, after ${written} B`;
        if (hasChanged && !compacts) {
          changed++;
          t.not(noticed, null, at);
          // What was written before and not synced had to be synced first.
          if (!sync) t.not(preparing, null, at);
        }
        if (!compacts && !hasChanged) t.is(noticed, null, at);
        await noticed;
        await compaction;
        if (compacts) await files.compacted();
      }
      t.true(changed > 1);
      if (sync || largest < writeBufferSize) t.true(held > 0);
      await files.close();
      await store.close();
    }
  });
