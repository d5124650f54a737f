import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { TanistError } from '../../src/foundation/errors.ts';
import { logIndex, nodeId } from '../../src/foundation/ids.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import type { Disk } from '../../src/ports/database.ts';
import type { LogEntry, LogStore } from '../../src/ports/log-store.ts';
import { beforeAll } from '../../src/ports/log-store.ts';
import { openLog } from '../../src/storage/log/open-log.ts';
import { formatVersion, openJson, sealJson } from '../../src/storage/record-codec.ts';
import { entries, hard, point, texts } from './log-store-conformance.ts';
import { Crash, MemoryDisk } from './memory-disk.ts';

const expected = {
  clusterId: 'c',
  nodeId: nodeId('n1'),
  newStoreId: 's1',
  incarnation: 'i1',
  folder: 'data',
  blockBytes: 256,
};
const open = (disk: Disk): Promise<LogStore> => openLog(disk, expected);

async function filled(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const log = await open(disk);
  await log.append({ hardState: hard(1, 'n1'), entries: entries(1, 4, 1) });
  await log.append({ entries: entries(5, 8, 1) });
  await log.append({ entries: entries(9, 12, 2) });
  await log.rememberPeer(nodeId('n2'), {
    storeId: 's2',
    bootCounter: 1,
    incarnation: 'i2',
    last: beforeAll,
    doubted: false,
  });
  await log.compact(point(2, 1));
  await log.close();
  return disk;
}

test('a flipped bit in any record of the log is noticed, and nothing is cut off (promise 6)', async (t) => {
  const whole = await filled();
  for (const [key, value] of whole.rows('log')) {
    for (const at of [0, 4, 9, value.length - 1]) {
      const disk = whole.copy();
      const altered = Uint8Array.from(value);
      altered[at]! ^= 0x10;
      disk.contents.get('log')!.durable.set(key, altered);
      const before = [...disk.rows('log').keys()];
      await t.throwsAsync(open(disk), { code: 'data-damaged' }, `${key} byte ${at}`);
      t.deepEqual([...disk.rows('log').keys()], before);
    }
  }
});

test('the scrub of an open log finds every record that is altered or gone on the disk', async (t) => {
  const whole = await filled();
  const scrubbed = async (log: LogStore, budgetBytes: number): Promise<string | null> => {
    for (let next = logIndex(1); ; ) {
      const step = await log.scrub(next, logIndex(12), budgetBytes);
      if (step.fault !== null || step.next === null) return step.fault?.what ?? null;
      next = step.next;
    }
  };
  for (const budget of [1, 1e6])
    for (const [key, value] of whole.rows('log')) {
      const disk = whole.copy();
      const log = await open(disk);
      t.is(await scrubbed(log, budget), null);
      const { durable } = disk.contents.get('log')!;
      // Opening has written some of them anew.
      const stored = durable.get(key) ?? value;
      durable.set(
        key,
        Uint8Array.from(stored, (byte, at) => (at === stored.length - 1 ? byte ^ 1 : byte)),
      );
      t.not(await scrubbed(log, budget), null, `${key} altered`);
      durable.delete(key);
      t.not(await scrubbed(log, budget), null, `${key} gone`);
      durable.set(key, stored);
      t.is(await scrubbed(log, budget), null);
      await log.close();
    }
});

test('a scrub ends where it was to end, whatever is appended meanwhile', async (t) => {
  const log = await open(new MemoryDisk());
  await log.append({ hardState: hard(1, 'n1'), entries: entries(1, 4, 1) });
  const through = logIndex(4);
  let steps = 0;
  let next: number | null = 1;
  for (; next !== null && steps < 8; steps++) {
    await log.append({ entries: entries(5 + 4 * steps, 8 + 4 * steps, 1) });
    ({ next } = await log.scrub(logIndex(next), through, 1));
  }
  t.is(next, null);
  await log.close();
});

test('a record that is gone, or is another one’s, is noticed', async (t) => {
  const whole = await filled();
  const keys = [...whole.rows('log').keys()].filter((key) => !key.startsWith('peer/'));
  for (const key of keys) {
    const disk = whole.copy();
    disk.contents.get('log')!.durable.delete(key);
    await t.throwsAsync(open(disk), { code: 'data-damaged' }, `${key} gone`);
    for (const other of keys) {
      if (other === key) continue;
      const swapped = whole.copy();
      const rows = swapped.contents.get('log')!.durable;
      rows.set(key, rows.get(other)!);
      await t.throwsAsync(open(swapped), { code: 'data-damaged' }, `${other} written at ${key}`);
    }
  }
});

test('an older version of a block in its place is noticed by the chain', async (t) => {
  const old = await filled();
  const now = old.copy();
  const log = await open(now);
  await log.append({ entries: entries(5, 8, 3) });
  await log.append({ entries: entries(9, 12, 3) });
  await log.close();
  const key = 'z/0000000000000005';
  now.contents.get('log')!.durable.set(key, old.rows('log').get(key)!);
  now.contents.get('log')!.durable.set(`${key}t`, old.rows('log').get(`${key}t`)!);
  await t.throwsAsync(open(now), { code: 'data-damaged', message: /block 9 does not follow/ });
});

test('a damaged block is noticed by a read too', async (t) => {
  const disk = await filled();
  const log = await open(disk);
  const value = disk.contents.get('log')!.durable.get('z/0000000000000005')!;
  value[40]! ^= 1;
  await t.throwsAsync(log.read(logIndex(5), logIndex(6), 1e6), { code: 'data-damaged' });
  t.is((await log.read(logIndex(9), logIndex(10), 1e6)).length, 1);
});

test('data of another node, another cluster, a newer format: clear errors, nothing changed', async (t) => {
  const disk = await filled();
  await t.throwsAsync(openLog(disk, { ...expected, nodeId: nodeId('n9') }), {
    code: 'data-of-another-node',
    message: /data holds the data of node "n1", but this is node "n9"/,
  });
  await t.throwsAsync(openLog(disk, { ...expected, clusterId: 'other' }), {
    code: 'data-of-another-cluster',
    message: /cluster "c".*cluster "other"/,
  });
  const newer = await filled();
  const identity = newer.rows('log').get('identity')!;
  const record = openJson('log', 'identity', identity) as object;
  newer.contents
    .get('log')!
    .durable.set('identity', sealJson('identity', { ...record, format: formatVersion + 1 }));
  await t.throwsAsync(open(newer), {
    code: 'data-format-newer',
    message: /data was written in format 2, this version reads up to 1: start the newer version/,
  });
  const log = await open(disk);
  t.is(log.identity.bootCounter, 2);
  await log.close();
});

test('group commit: what a turn appends is one write, what arrives during it the next, in order', async (t) => {
  const disk = new MemoryDisk();
  const log = await open(disk);
  const before = disk.syncedWrites;
  let release = (): void => undefined;
  disk.gate = new Promise((resolve) => {
    release = resolve;
  });
  const done: number[] = [];
  const append = (i: number): Promise<unknown> =>
    log.append({ entries: entries(i * 2 + 1, i * 2 + 2, 1) }).then(() => done.push(i));
  const appends = Array.from({ length: 10 }, (_, i) => append(i));
  await nextTurn();
  for (let i = 10; i < 20; i++) appends.push(append(i));
  release();
  await Promise.all(appends);
  t.is(disk.syncedWrites - before, 2);
  t.deepEqual(
    done,
    Array.from({ length: 20 }, (_, i) => i),
  );
  await log.close();
});

test('an append resolves only when its own write is durable', async (t) => {
  const disk = new MemoryDisk();
  const log = await open(disk);
  let release = (): void => undefined;
  disk.gate = new Promise((resolve) => {
    release = resolve;
  });
  let durable = false;
  const append = log.append({ entries: entries(1, 1, 1) }).then(() => {
    durable = true;
  });
  for (let i = 0; i < 50; i++) await null;
  t.false(durable);
  release();
  await append;
  t.is((await open(disk.crash(1))).image.last.index, logIndex(1));
});

test('disk-full: nothing was written, what waits behind fails alike, and the same appends may be tried again', async (t) => {
  const disk = new MemoryDisk();
  const log = await open(disk);
  await log.append({ entries: entries(1, 2, 1) });
  disk.failWrites = new TanistError('disk-full', 'full');
  const failed = await Promise.allSettled([
    log.append({ entries: entries(3, 4, 1) }),
    log.append({ entries: entries(5, 5, 1) }),
  ]);
  t.deepEqual(
    failed.map((f) => f.status === 'rejected' && f.reason.code),
    ['disk-full', 'disk-full'],
  );
  disk.failWrites = null;
  await log.append({ entries: entries(3, 4, 1) });
  await log.append({ entries: entries(5, 5, 1) });
  t.deepEqual(texts(await log.read(logIndex(1), logIndex(9), 1e6)), texts(entries(1, 5, 1)));
});

test('disk-full: a read that comes with a refused append gives what is durable', async (t) => {
  const disk = new MemoryDisk();
  const log = await open(disk);
  await log.append({ entries: entries(1, 2, 1) });
  disk.failWrites = new TanistError('disk-full', 'full');
  const refused = t.throwsAsync(log.append({ entries: entries(3, 4, 1) }), { code: 'disk-full' });
  t.deepEqual(texts(await log.read(logIndex(1), logIndex(9), 1e6)), texts(entries(1, 2, 1)));
  await refused;
});

test('storage-failed is final', async (t) => {
  const disk = new MemoryDisk();
  const log = await open(disk);
  disk.failWrites = new TanistError('storage-failed', 'broken');
  await t.throwsAsync(log.append({ entries: entries(1, 2, 1) }), { code: 'storage-failed' });
  disk.failWrites = null;
  await t.throwsAsync(log.append({ entries: entries(1, 2, 1) }), { code: 'storage-failed' });
});

test('the tail holds the window, and everything that is still to be applied', async (t) => {
  const disk = new MemoryDisk();
  const log = await open(disk);
  for (let i = 0; i < 20; i++) await log.append({ entries: entries(i * 5 + 1, i * 5 + 5, 1) });
  await log.close();
  const small = await openLog(disk, { ...expected, memoryBytes: 1, mustLoadAfter: 100 });
  t.deepEqual(
    small.image.tail.map((e) => e.index as number),
    [96, 97, 98, 99, 100],
  );
  await small.close();
  const needed = await openLog(disk, { ...expected, memoryBytes: 1, mustLoadAfter: 43 });
  t.is(needed.image.tail[0]!.index, logIndex(41));
  t.is(needed.image.tail.at(-1)!.index, logIndex(100));
});

/** A life of the log; `done` notes what was acknowledged. */
async function life(
  log: LogStore,
  done: { model: LogEntry[]; next: LogEntry[]; vote: number; compacted: number },
): Promise<void> {
  const append = async (added: LogEntry[], vote?: number): Promise<void> => {
    done.next = [...done.model.slice(0, added[0]!.index - 1), ...added];
    await log.append(
      vote === undefined ? { entries: added } : { hardState: hard(vote, 'n1'), entries: added },
    );
    done.model = done.next;
    if (vote !== undefined) done.vote = vote;
  };
  await append(entries(1, 6, 1), 1);
  await append(entries(7, 12, 1));
  await append(entries(5, 9, 2), 2);
  await log.compact(point(4, 1));
  done.compacted = 4;
  await append(entries(10, 10, 2));
  await append(entries(6, 20, 3), 3);
  await log.compact(point(7, 3));
  done.compacted = 7;
  await append(entries(21, 22, 3));
}

test('a crash at any operation loses nothing that was acknowledged and leaves nothing half done', async (t) => {
  let finished = false;
  let lives = 0;
  for (let crashAt = 1; !finished; crashAt++) {
    for (const takesEffect of [false, true]) {
      const disk = new MemoryDisk();
      disk.crashAt = crashAt;
      disk.takesEffect = takesEffect;
      const done = { model: [] as LogEntry[], next: [] as LogEntry[], vote: 0, compacted: 0 };
      try {
        await life(await open(disk), done);
        finished = true;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
      lives++;
      const { image } = await open(disk.crash(crashAt));
      const found = texts(image.tail);
      const from = image.compacted.index;
      const old = texts(done.model.slice(from));
      const tried = texts(done.next.slice(from));
      t.true(found.join() === old.join() || found.join() === tried.join(), `crash at ${crashAt}: ${found}`);
      t.true(image.hardState.term >= done.vote);
      t.true(from >= done.compacted);
    }
  }
  t.true(lives > 20);
});

test.serial('the mutants of the log do what they say', async (t) => {
  t.teardown(() => activateMutant(null));
  const disk = await filled();
  activateMutant('vote-lost-at-restart');
  const log = await open(disk);
  t.deepEqual(log.image.hardState, hard(1, null));
  await log.close();

  activateMutant('torn-tail-hides-damage');
  const altered = disk.copy();
  altered.contents.get('log')!.durable.get('z/0000000000000005')![50]! ^= 1;
  t.is((await open(altered)).image.last.index, logIndex(4));

  activateMutant('acknowledge-before-sync');
  const unsynced = new MemoryDisk();
  const early = await open(unsynced);
  unsynced.crashAt = unsynced.operations + 1;
  await early.append({ entries: entries(1, 1, 1) });
  activateMutant(null);
  t.is((await open(unsynced.crash(1))).image.last.index, logIndex(0));
});
