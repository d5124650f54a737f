import test from 'ava';
import { logIndex, term } from '../../../src/foundation/ids.ts';
import { ImageKeeper } from '../../../src/node/image/image-keeper.ts';
import type { ImageBatch } from '../../../src/ports/image-store.ts';
import type { LogStore } from '../../../src/ports/log-store.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import { openImage } from '../../../src/storage/image/image-store.ts';
import { TestClock } from '../../mirrors/test-clock.ts';
import { applied, loadAll, put } from '../../storage/image-store-conformance.ts';
import { MemoryDisk } from '../../storage/memory-disk.ts';

const flushEveryMs = 100;

const keys = 20;

/** Keys that are overwritten one after the other, again and again. */
async function overwriting() {
  const image = await openImage(new MemoryDisk(), { clusterId: 'c', folder: 'data', chunkBytes: 1024 });
  await loadAll(image);
  let index = 0;
  let rev = 1;
  let latest = 0;
  const batch = (): ImageBatch => ({
    applied: applied(index, rev, latest),
    deltas: [put(rev, `k${rev % keys}`, 'v'.repeat(400))],
    records: [],
  });
  let rewritten = 0;
  const reclaim = image.reclaim.bind(image);
  image.reclaim = async (isLive, budget) => {
    rewritten += budget;
    return reclaim(isLive, budget);
  };
  const clock = new TestClock();
  const keeper = new ImageKeeper({
    image,
    log: { sizeBytes: () => 0 } as LogStore,
    clock,
    nodeLog: silentLog,
    takeBatch: batch,
    whole: () => true,
    isLive: (_space, _key, revision) => revision >= latest,
    compacted: () => {},
    failed: (error) => {
      throw error;
    },
    flushEveryMs,
    flushBytes: 1e9,
    logDiskBytes: 1e9,
  });
  const round = async (compacts: boolean): Promise<void> => {
    index += 1;
    rev += 1;
    if (compacts) {
      latest = rev - keys + 1;
      keeper.historyCompacted();
    }
    keeper.applied({ index: logIndex(index), term: term(1) }, 2000);
    await clock.advance(flushEveryMs);
  };
  return { image, keeper, clock, round, passes: () => rewritten > 0 };
}

test('what compaction freed is reclaimed when the image has grown by half, not with every flush', async (t) => {
  const { image, round } = await overwriting();
  for (let i = 0; i < keys; i++) await round(false);
  const whole = image.chunkBytes();
  const sizes: number[] = [];
  for (let i = 0; i < 10 * keys; i++) {
    await round(true);
    sizes.push(image.chunkBytes());
  }
  const shrunk = sizes.filter((bytes, i) => i > 0 && bytes < (sizes[i - 1] as number)).length;
  t.true(shrunk > 5, `${sizes}`);
  t.true(shrunk < 60, `${sizes}`);
  t.true(Math.max(...sizes) < 2.5 * whole, `${sizes}`);
});

test('who waited and left has no passes follow one another for ever', async (t) => {
  const { image, keeper, round } = await overwriting();
  for (let i = 0; i < 2 * keys; i++) await round(true);
  await round(true);
  t.true(keeper.reclaims());
  let shrunk = 0;
  for (let i = 0; i < 60; i++) {
    const before = image.chunkBytes();
    await round(true);
    if (image.chunkBytes() < before) shrunk++;
  }
  t.true(shrunk < 15, `${shrunk}`);
});

test('without a compaction nothing is reclaimed', async (t) => {
  const { round, passes } = await overwriting();
  for (let i = 0; i < 20; i++) await round(false);
  t.false(passes());
});

test('who waits for the space is told when all of it is back', async (t) => {
  const { image, keeper, clock, round } = await overwriting();
  for (let i = 0; i < keys; i++) await round(false);
  const whole = image.chunkBytes();
  await round(true);
  for (let i = 0; i < 0.4 * keys; i++) await round(true);
  t.true(image.chunkBytes() > 1.35 * whole);
  t.true(keeper.reclaims());
  for (let look = 0; keeper.reclaims(); look++) {
    await clock.advance(1);
    t.true(look < 100);
  }
  t.true(image.chunkBytes() < 1.2 * whole, `${image.chunkBytes()} of ${whole}`);
});
