import test from 'ava';
import { nodeId } from '../../src/foundation/ids.ts';
import { openImage } from '../../src/storage/image/image-store.ts';
import { openLog } from '../../src/storage/log/open-log.ts';
import { openOrRescue } from '../../src/storage/open-or-rescue.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { applied, loadAll, put } from './image-store-conformance.ts';
import { entries, hard, point, texts } from './log-store-conformance.ts';
import { MemoryDisk } from './memory-disk.ts';

const options = { clusterId: 'c', nodeId: nodeId('n1'), newStoreId: 's1', incarnation: 'i1', folder: 'data' };

async function store(logLast: number, imageAt: number, compacted = 0): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const log = await openLog(disk, options);
  await log.append({ hardState: hard(1, null), entries: entries(1, logLast, 1) });
  if (compacted > 0) await log.compact(point(compacted, 1));
  await log.close();
  const image = await openImage(disk, options);
  await loadAll(image);
  image.append({ applied: applied(imageAt, 2), deltas: [put(2, 'a')], records: [] });
  await image.flush({ sync: true });
  await image.close();
  return disk;
}

test('a new store', async (t) => {
  const { log, loaded } = await openStore(new MemoryDisk(), options);
  t.is(loaded, null);
  t.is(log.identity.bootCounter, 1);
});

test('the log gives all that the image still has to apply', async (t) => {
  const { log, loaded } = await openStore(await store(50, 20, 10), { ...options, logMemoryBytes: 1 });
  t.is(loaded!.applied.point.index as number, 20);
  t.true((log.image.tail[0]!.index as number) <= 21);
  t.is(log.image.last.index as number, 50);
});

test('an image beyond the log: the log lost something durable', async (t) => {
  const disk = await store(5, 6);
  await t.throwsAsync(openStore(disk, options), {
    code: 'data-damaged',
    message: /ends at entry 5, but entry 6 was durable/,
  });
  await t.throwsAsync(openStore(disk, options), { code: 'data-damaged' });
});

test('damaged with nobody to make it whole: nobody is told to remove the folder', async (t) => {
  const disk = await store(5, 6);
  const rescue = {
    ...options,
    restore: () => Promise.resolve(),
    hasOthers: () => false,
    setAside: () => t.fail('what is left has to stay where it is'),
  };
  const error = await t.throwsAsync(openOrRescue(disk, rescue), { code: 'data-damaged' });
  t.is(
    error?.message,
    'the data in data is damaged: the log ends at entry 5, but entry 6 was durable and applied. Nothing was cut off. No other replica votes, ' +
      'so none can make it whole: keep a copy of the folder, and restore the newest backup (tanist restore FILE --data DIR)',
  );
});

test('a log that begins behind the image: the image lost something durable', async (t) => {
  await t.throwsAsync(openStore(await store(9, 3, 5), options), {
    code: 'data-damaged',
    message: /begins after entry 5/,
  });
});

test('a crash between taking over a snapshot and resetting the log is finished at the next start', async (t) => {
  const source = await openImage(await store(100, 100), options);
  await loadAll(source);
  const disk = await store(7, 3);
  const image = await openImage(disk, options);
  await loadAll(image);
  const receiver = await image.receive();
  const snapshot = await source.snapshot();
  for await (const chunk of snapshot.chunks) await receiver.write(chunk);
  await receiver.commit();
  const { log, loaded } = await openStore(disk.crash(1), options);
  t.deepEqual(loaded!.applied.point, point(100, 1));
  t.deepEqual(log.image.compacted, point(100, 1));
  t.deepEqual(log.image.last, point(100, 1));
  t.deepEqual(log.image.hardState, hard(1, null));
  await log.append({ entries: entries(101, 101, 2) });
  t.deepEqual(texts(log.image.tail), []);
});

test('a snapshot taken over whose point the log agrees with leaves what follows (Raft §7)', async (t) => {
  const source = await openImage(await store(5, 5), options);
  await loadAll(source);
  const disk = await store(9, 3);
  const image = await openImage(disk, options);
  await loadAll(image);
  const receiver = await image.receive();
  for await (const chunk of (await source.snapshot()).chunks) await receiver.write(chunk);
  await receiver.commit();
  const { log } = await openStore(disk.crash(1), options);
  t.is(log.image.last.index as number, 9);
  t.is(log.image.compacted.index as number, 0);
});
