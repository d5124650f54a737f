import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ailingDisk, Faults } from '../../../src/api/start/faults.ts';
import type { Database } from '../../../src/ports/database.ts';
import { openLevelDisk } from '../../../src/storage/level/level-disk.ts';

const sync = { sync: true };
const put = (key: string): { type: 'put'; key: string; value: Uint8Array } => ({
  type: 'put',
  key,
  value: Buffer.from(key),
});

async function keysOf(database: Database): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const rows of database.scan('', '\xff', 1000)) keys.push(...rows.map(({ key }) => key));
  return keys;
}

test('a failed sync is final, and nothing that is issued after it is written', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const faults = new Faults();
  const disk = ailingDisk(await openLevelDisk(folder), faults);
  const { database: log } = await disk.open('log');
  const { database: state } = await disk.open('state');
  await log.write([put('a')], sync);
  faults.apply({ kind: 'sync-error', database: 'log' });
  const writes = await Promise.allSettled([
    log.write([put('b')], { sync: false }),
    log.write([put('c')], sync),
    log.write([put('d')], sync),
    log.write([put('e')], { sync: false }),
  ]);
  t.deepEqual(
    writes.map((one) => (one.status === 'fulfilled' ? 'done' : (one.reason as { code: string }).code)),
    ['done', 'storage-failed', 'storage-failed', 'storage-failed'],
  );
  await state.write([put('a')], sync);
  t.deepEqual(await keysOf(log), ['a', 'b', 'c']);
  await log.close();
  await state.close();
  await disk.close();
});

test('a full disk refuses and recovers; a bad one fails reads', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const faults = new Faults();
  const disk = ailingDisk(await openLevelDisk(folder), faults);
  const { database } = await disk.open('state');
  await database.write([put('a')], sync);
  faults.apply({ kind: 'disk-full', database: 'state', lasts: true });
  await t.throwsAsync(database.write([put('b')], sync), { code: 'disk-full' });
  faults.apply({ kind: 'disk-full', database: 'state', lasts: false });
  await database.write([put('c')], sync);

  const underWay = database.scan('', '\xff', 1000);
  faults.apply({ kind: 'read-error', database: 'state', lasts: true });
  await t.throwsAsync(database.get('a'), { code: 'storage-failed' });
  await t.throwsAsync(database.last('', '\xff'), { code: 'storage-failed' });
  await t.throwsAsync(
    async () => {
      for await (const _ of underWay);
    },
    { code: 'storage-failed' },
  );
  faults.apply({ kind: 'read-error', database: 'log', lasts: true });
  faults.apply({ kind: 'read-error', database: 'state', lasts: false });
  t.deepEqual(await keysOf(database), ['a', 'c']);
  await database.close();
  await disk.close();
});

test('held writes are on the disk at the end of their time, those that are issued later behind them', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const faults = new Faults();
  const disk = ailingDisk(await openLevelDisk(folder), faults);
  const { database: log } = await disk.open('log');
  faults.apply({ kind: 'slow-sync', ms: 1000, held: true });
  const first = log.write([put('a')], sync);
  faults.apply({ kind: 'slow-sync', ms: 0 });
  const second = log.write([put('b')], sync);
  t.deepEqual(await keysOf(log), []);
  await Promise.all([first, second]);
  t.deepEqual(await keysOf(log), ['a', 'b']);
  await log.write([put('c')], sync);
  await log.close();
  await disk.close();
});

test('without a fault, and once a fault is over, a write is the database’s own: nothing is kept of it', async (t) => {
  const own: Promise<void>[] = [];
  const database = {
    write: () => {
      const done = new Promise<void>((resolve) => setImmediate(resolve));
      own.push(done);
      return done;
    },
  } as unknown as Database;
  const opened = { database, integrity: 'sound' };
  const faults = new Faults();
  const disk = ailingDisk(
    { open: async () => opened } as unknown as Parameters<typeof ailingDisk>[0],
    faults,
  );
  const { database: log } = await disk.open('log');
  const isOwn = (): boolean => log.write([put('a')], sync) === own.at(-1);
  t.true(isOwn());
  faults.apply({ kind: 'slow-sync', ms: 5 });
  const answers: string[] = [];
  const late = log.write([put('b')], sync).then(() => void answers.push('late'));
  faults.apply({ kind: 'slow-sync', ms: 0 });
  t.false(isOwn(), 'it waits for the late one');
  await Promise.all([late, log.write([put('c')], sync).then(() => void answers.push('next'))]);
  t.deepEqual(answers, ['late', 'next']);
  await new Promise((resolve) => setImmediate(resolve));
  t.true(isOwn());
});
