import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { nodeId } from '../../src/foundation/ids.ts';
import { crc32c } from '../../src/storage/level/crc32c.ts';
import { type LevelDisk, openLevelDisk } from '../../src/storage/level/level-disk.ts';
import { walkFraming } from '../../src/storage/level/write-ahead-framing.ts';
import { inspectWriteAhead } from '../../src/storage/level/write-ahead-inspection.ts';
import { openLog } from '../../src/storage/log/open-log.ts';
import { entries, entry, hard } from './log-store-conformance.ts';
import { temporaryFolder } from './temporary-folder.ts';

const identity = { clusterId: 'c', nodeId: nodeId('n1'), newStoreId: 's1', incarnation: 'i1' };

test('crc32c (RFC 3720 B.4)', (t) => {
  t.is(crc32c(Buffer.alloc(32), 0, 32), 0x8a9136aa);
  t.is(crc32c(Buffer.alloc(32, 0xff), 0, 32), 0x62a8ab43);
  t.is(crc32c(Buffer.from('123456789'), 0, 9), 0xe3069283);
});

/** The write-ahead file of a log that really was written: records of about 100 B, one over several 32 KiB blocks, then small ones. */
async function written(
  t: ExecutionContext,
  largeLast: boolean,
): Promise<{ folder: string; path: string; bytes: Buffer }> {
  const folder = await temporaryFolder(t);
  const disk = await openLevelDisk(folder);
  const log = await openLog(disk, { ...identity, folder });
  await log.append({ hardState: hard(1, 'n1'), entries: entries(1, 3, 1) });
  await log.append({ entries: [entry(4, 1, 'large'.repeat(20_000))] });
  await log.append({ entries: entries(5, 8, 1) });
  if (largeLast) await log.append({ entries: [entry(9, 1, 'Large'.repeat(20_000))] });
  await log.close();
  await disk.close();
  const name = (await readdir(join(folder, 'log'))).find((file) => file.endsWith('.log'))!;
  const path = join(folder, 'log', name);
  return { folder, path, bytes: await readFile(path) };
}

test('what LevelDB wrote is clean', async (t) => {
  const { folder, bytes } = await written(t, true);
  const records: Buffer[] = [];
  const found = walkFraming(bytes, (record) => records.push(Buffer.from(record)));
  t.deepEqual(found, { state: 'clean', goodBytes: bytes.length, detail: '' });
  t.is(records.length, 5);
  t.true(records[2]!.includes('large'.repeat(20_000)));
  t.is((await inspectWriteAhead(join(folder, 'log'))).state, 'clean');
});

test('a file cut off anywhere is torn, or ends clean between two records', async (t) => {
  const { bytes } = await written(t, true);
  const ends = new Set<number>([0]);
  walkFraming(bytes);
  for (let length = 0; length <= bytes.length; length += length < 2000 ? 1 : 997) {
    const { state, goodBytes } = walkFraming(bytes.subarray(0, length));
    if (state === 'clean') ends.add(goodBytes);
    t.not(state, 'damaged', `cut at ${length}`);
    t.true(state === 'clean' ? goodBytes === length : goodBytes < length);
  }
  t.true(ends.size > 2);
});

test('sectors at the end that were never written read as zeros: torn', async (t) => {
  for (const largeLast of [true, false]) {
    const { bytes } = await written(t, largeLast);
    const { goodBytes: start } = walkFraming(bytes.subarray(0, bytes.length - 1));
    const cuts = [start];
    for (let at = start - (start % 512) + 512; at < bytes.length; at += 512) cuts.push(at);
    for (const cut of cuts) {
      for (const more of [0, 1, 7, 40_000]) {
        const file = Buffer.concat([bytes, Buffer.alloc(more)]).fill(0, cut);
        t.is(walkFraming(file).state, 'torn', `cut ${cut} of ${bytes.length}, ${more} more`);
      }
    }
    t.is(walkFraming(Buffer.concat([bytes, Buffer.alloc(10_000)])).state, 'torn');
  }
});

test('sectors of the last record that never reached the disk: torn', async (t) => {
  const { bytes } = await written(t, true);
  for (const page of [27, 30, 40, 48]) {
    const file = Buffer.from(bytes);
    file.fill(0, page * 4096, page * 4096 + 4096);
    t.is(walkFraming(file).state, 'torn', `page ${page}`);
  }
});

test('a flipped bit anywhere is damage', async (t) => {
  for (const largeLast of [true, false]) {
    const { bytes } = await written(t, largeLast);
    for (let at = 0; at < bytes.length; at += at < 300 || at > bytes.length - 150 ? 1 : 3001) {
      const file = Buffer.from(bytes);
      file[at]! ^= 1 << (at % 8);
      t.is(walkFraming(file).state, 'damaged', `byte ${at} of ${bytes.length}`);
    }
  }
});

test('a hole inside, with whole records behind it, is damage', async (t) => {
  const { bytes } = await written(t, false);
  for (const [from, to] of [
    [0, 50],
    [40_000, 44_096],
    [32_768, 65_536],
  ] as const) {
    const file = Buffer.from(bytes);
    file.fill(0, from, to);
    t.is(walkFraming(file).state, 'damaged', `${from}`);
  }
});

async function reopen(folder: string): Promise<{ disk: LevelDisk; close: () => Promise<void> }> {
  const disk = await openLevelDisk(folder);
  return { disk, close: () => disk.close() };
}

test('a torn tail: the log goes on without the write that was under way, and says so', async (t) => {
  const { folder, path, bytes } = await written(t, false);
  await writeFile(path, bytes.subarray(0, bytes.length - 30));
  const { disk, close } = await reopen(folder);
  const log = await openLog(disk, { ...identity, folder });
  t.is(log.image.last.index as number, 4);
  t.true(log.image.tornBytes > 0);
  await log.append({ entries: entries(5, 6, 2) });
  await log.close();
  await close();
});

test('damage inside stops the start, and every later start too (promise 6)', async (t) => {
  const { folder, path, bytes } = await written(t, false);
  const altered = Buffer.from(bytes);
  altered[120]! ^= 2;
  await writeFile(path, altered);
  for (let start = 0; start < 3; start++) {
    const { disk, close } = await reopen(folder);
    const error = await t.throwsAsync(openLog(disk, { ...identity, folder }), { code: 'data-damaged' });
    t.regex(error!.message, /bad checksum at byte/);
    await close();
  }
});

test('a missing or shortened table file, and a damaged MANIFEST, are noticed', async (t) => {
  const { folder } = await written(t, true);
  const { disk, close } = await reopen(folder);
  await (await openLog(disk, { ...identity, folder })).close();
  await close();
  const files = await readdir(join(folder, 'log'));
  const table = join(folder, 'log', files.find((file) => file.endsWith('.ldb'))!);
  const manifest = join(folder, 'log', files.find((file) => file.startsWith('MANIFEST'))!);
  const whole = await readFile(table);
  await writeFile(table, whole.subarray(0, whole.length - 1));
  t.is((await inspectWriteAhead(join(folder, 'log'))).state, 'damaged');
  await writeFile(table, whole);
  t.is((await inspectWriteAhead(join(folder, 'log'))).state, 'clean');
  const altered = await readFile(manifest);
  altered[10]! ^= 1;
  await writeFile(manifest, altered);
  t.is((await inspectWriteAhead(join(folder, 'log'))).state, 'damaged');
});

test('redoable: damage cuts off everything written after it, so that a prefix of the writes is left', async (t) => {
  const folder = await temporaryFolder(t);
  let disk = await openLevelDisk(folder);
  let { database } = await disk.open('state', { redoable: true });
  for (let i = 0; i < 10; i++) {
    await database.write([{ type: 'put', key: `k${i}`, value: Buffer.alloc(100, `${i}`) }], { sync: false });
  }
  await database.close();
  await disk.close();
  const name = (await readdir(join(folder, 'state'))).find((file) => file.endsWith('.log'))!;
  const bytes = await readFile(join(folder, 'state', name));
  bytes[bytes.indexOf(Buffer.alloc(100, '4')) + 20]! ^= 1;
  await writeFile(join(folder, 'state', name), bytes);
  disk = await openLevelDisk(folder);
  const opened = await disk.open('state', { redoable: true });
  database = opened.database;
  t.is(opened.integrity, 'torn');
  const keys: string[] = [];
  for await (const rows of database.scan('', 'z', 1000)) keys.push(...rows.map(({ key }) => key));
  t.deepEqual(keys, ['k0', 'k1', 'k2', 'k3']);
  await database.close();
  await disk.close();
});
