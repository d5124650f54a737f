import test from 'ava';
import type { ByteString } from '../../src/foundation/bytes.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { Disk } from '../../src/ports/database.ts';
import type { StateDelta } from '../../src/ports/delta.ts';
import { type ImageCursor, type ImageStore, type IsLive, imageStart } from '../../src/ports/image-store.ts';
import { openImage } from '../../src/storage/image/image-store.ts';
import { testEachMutant } from '../each-mutant.ts';
import { applied, loadAll, put, tombstone } from './image-store-conformance.ts';
import { Crash, MemoryDisk } from './memory-disk.ts';

const open = (disk: Disk, chunkBytes = 1024): Promise<ImageStore> =>
  openImage(disk, { clusterId: 'c', folder: 'data', chunkBytes });

async function filled(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const image = await open(disk);
  await loadAll(image);
  for (let i = 0; i < 4; i++) {
    const deltas = Array.from({ length: 10 }, (_, k) => put(2 + i * 10 + k, `k${k}`));
    image.append({
      applied: applied(i + 1, 11 + i * 10),
      deltas,
      records: [{ key: `r${i}`, value: Buffer.from(`${i}`) }],
    });
    await image.flush({ sync: true });
  }
  await image.close();
  return disk;
}

test('a flipped bit in any record of the image is noticed; so is a chunk that is gone or misdirected', async (t) => {
  const whole = await filled();
  const rows = [...whole.rows('state')];
  t.deepEqual([...new Set(rows.map(([key]) => key.slice(0, 2)))].sort(), ['d/', 'fo', 'me', 'r/']);
  const load = async (disk: MemoryDisk): Promise<void> => void (await loadAll(await open(disk)));
  for (const [key, value] of rows) {
    for (const at of [0, 4, value.length - 1]) {
      const disk = whole.copy();
      const altered = Uint8Array.from(value);
      altered[at]! ^= 4;
      disk.contents.get('state')!.durable.set(key, altered);
      await t.throwsAsync(load(disk), { code: 'data-damaged' }, `${key} byte ${at}`);
    }
    if (key.startsWith('r/')) continue;
    const gone = whole.copy();
    gone.contents.get('state')!.durable.delete(key);
    await t.throwsAsync(load(gone), { code: 'data-damaged' }, `${key} gone`);
  }
  const [first, second] = rows.filter(([key]) => key.startsWith('d/'));
  const misdirected = whole.copy();
  misdirected.contents.get('state')!.durable.set(first![0], second![1]);
  await t.throwsAsync(load(misdirected), { code: 'data-damaged' });
});

test('the image of another cluster is refused', async (t) => {
  await t.throwsAsync(openImage(await filled(), { clusterId: 'x', folder: 'data' }), {
    code: 'data-of-another-cluster',
  });
});

test('disk-full: what was appended stays and is written later', async (t) => {
  const disk = new MemoryDisk();
  const image = await open(disk);
  await loadAll(image);
  image.append({
    applied: applied(1, 2),
    deltas: [put(2, 'a')],
    records: [{ key: 'r', value: Buffer.from('1') }],
  });
  disk.failWrites = new TanistError('disk-full', 'full');
  await t.throwsAsync(image.flush({ sync: true }), { code: 'disk-full' });
  image.append({
    applied: applied(2, 3),
    deltas: [put(3, 'b')],
    records: [{ key: 'r', value: Buffer.from('2') }],
  });
  disk.failWrites = null;
  t.deepEqual(await image.flush({ sync: true }), applied(2, 3));
  const found = await loadAll(await open(disk.crash(1)));
  t.is(found.deltas.length, 2);
  t.is(Buffer.from(found.records[0]!.value!).toString(), '2');
});

test('a synced flush makes the unsynced ones before it durable, also when nothing is new', async (t) => {
  const disk = new MemoryDisk();
  const image = await open(disk);
  await loadAll(image);
  image.append({ applied: applied(1, 2), deltas: [put(2, 'a')], records: [] });
  await image.flush({ sync: false });
  await image.flush({ sync: true });
  const writes = disk.writes;
  await image.flush({ sync: true });
  t.is(disk.writes, writes);
  for (let seed = 0; seed < 5; seed++) t.is((await loadAll(await open(disk.crash(seed)))).deltas.length, 1);
});

/** The state that the image stands for: latest values by key, as replaying all deltas gives them. */
function replay(deltas: readonly StateDelta[]): Map<string, number> {
  const state = new Map<string, number>();
  for (const { op, key, revision } of deltas) {
    if (op === 'put') state.set(key, revision);
    else state.delete(key);
  }
  return new Map([...state].sort());
}

function liveness(all: readonly StateDelta[], compacted: number): IsLive {
  const visible = new Map<string, number>();
  const latest = new Map<string, number>();
  for (const { op, key, revision } of all) {
    latest.set(key, revision);
    if (revision > compacted) continue;
    if (op === 'put') visible.set(key, revision);
    else visible.delete(key);
  }
  return (_space, key, revision, op) =>
    revision > compacted || visible.get(key) === revision || (op === 'put' && latest.get(key) === revision);
}

test('a tombstone stays while an older chunk may hold a put of its key: reclaim never resurrects a key', async (t) => {
  const disk = new MemoryDisk();
  const image = await open(disk, 2000);
  await loadAll(image);
  // An old chunk with one dead put among live ones: not worth rewriting. A newer one full of dead tombstones: worth it.
  const old = [
    put(2, 'victim', 'v'),
    ...Array.from({ length: 20 }, (_, i) => put(3 + i, `live${i}`, 'x'.repeat(90))),
  ];
  const middle = Array.from({ length: 20 }, (_, i) => put(23 + i, `more${i}`, 'x'.repeat(90)));
  const newer = [
    tombstone(43, 'victim'),
    ...Array.from({ length: 19 }, (_, i) => put(44 + i, 'busy', `${i}`.padEnd(90))),
  ];
  const all = [...old, ...middle, ...newer];
  let index = 0;
  for (const deltas of [old, middle, newer]) {
    image.append({ applied: applied(++index, deltas.at(-1)!.revision, 0), deltas, records: [] });
    await image.flush({ sync: false });
  }
  image.append({ applied: applied(++index, 62, 62), deltas: [], records: [] });
  const isLive = liveness(all, 62);
  while ((await image.reclaim(isLive, 1)) !== 'nothing-left')
    t.false(replay((await loadAll(await open(disk.copy(), 2000))).deltas).has('victim'));
  const left = (await loadAll(await open(disk.copy(), 2000))).deltas;
  t.true(left.length < all.length);
  t.true(
    left.some((d) => d.op === 'put' && d.key === 'victim'),
    'the dead put was left, so this test can fail',
  );
  t.deepEqual(replay(left), replay(all));
});

test('a key deleted while a pass is under way is not resurrected', async (t) => {
  const disk = new MemoryDisk();
  const image = await open(disk, 1000);
  await loadAll(image);
  const all: StateDelta[] = [];
  let index = 0;
  const append = async (deltas: StateDelta[], compacted: number): Promise<void> => {
    all.push(...deltas);
    image.append({ applied: applied(++index, all.at(-1)!.revision, compacted), deltas, records: [] });
    await image.flush({ sync: false });
  };
  await append([put(2, 'victim', 'x'.repeat(900)), put(3, 'a', 'x'.repeat(200))], 0);
  await append([put(4, 'b', 'x'.repeat(1900))], 0);
  await append([put(5, 'c', 'x'.repeat(1900))], 0);
  t.is(await image.reclaim(liveness(all, 3), 1), 'under-way');
  await append(
    [tombstone(6, 'victim'), ...Array.from({ length: 15 }, (_, i) => put(7 + i, 'busy', 'y'.repeat(100)))],
    21,
  );
  const isLive = liveness(all, 21);
  for (let i = 0; i < 3; i++) await image.reclaim(isLive, 1);
  t.deepEqual(replay((await loadAll(await open(disk.copy(), 1000))).deltas), replay(all));
});

test('random histories: reclaiming, flushing and crashing leave the state of the applied point', async (t) => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    let disk = new MemoryDisk();
    let image = await open(disk, 300 + random.below(700));
    await loadAll(image);
    let all: StateDelta[] = [];
    let compacted = 0;
    let index = 0;
    let synced = 0;
    for (let step = 0; step < 120; step++) {
      const choice = random.below(10);
      if (choice < 6) {
        const rev = (all.at(-1)?.revision ?? 1) + 1;
        const deltas: StateDelta[] = [];
        for (let sub = 0; sub <= random.below(3); sub++) {
          const key = `k${random.below(8)}${sub}`;
          deltas.push(
            random.chance(0.3)
              ? tombstone(rev, key, { sub })
              : put(rev, key, 'v'.repeat(random.below(200)), { sub }),
          );
        }
        all.push(...deltas);
        if (random.chance(0.2)) compacted = compacted + random.below(rev - compacted + 1);
        image.append({ applied: applied(++index, rev, compacted), deltas, records: [] });
      } else if (choice < 7) {
        const sync = random.chance(0.5);
        await image.flush({ sync });
        if (sync) synced = index;
      } else if (choice < 9) await image.reclaim(liveness(all, compacted), random.below(2000));
      else if (random.chance(0.3)) {
        await image.close();
        disk = disk.crash(random.below(1e6));
        image = await open(disk, 300 + random.below(700));
        const found = await loadAll(image);
        const at = found.applied;
        t.true((at?.point.index ?? 0) >= synced, `seed ${seed}`);
        all = all.filter((d) => d.revision <= (at?.revisions.user.revision ?? 0));
        index = at?.point.index ?? 0;
        compacted = at?.revisions.user.compacted ?? 0;
        t.deepEqual(replay(found.deltas), replay(all), `seed ${seed} step ${step}`);
        const isLive = liveness(all, compacted);
        const needed = all.filter((d) => d.op === 'put' && isLive('user', d.key, d.revision, d.op));
        const there = new Set(found.deltas.map((d) => `${d.key}@${d.revision}`));
        t.true(
          needed.every((d) => there.has(`${d.key}@${d.revision}`)),
          `seed ${seed}: a live delta is gone`,
        );
      }
    }
  }
});

test('a crash at any operation of receiving a snapshot leaves the old image or the new one', async (t) => {
  const source = await open(await filled());
  await loadAll(source);
  const snapshot = await source.snapshot();
  const chunks: Uint8Array[] = [];
  for await (const chunk of snapshot.chunks) chunks.push(chunk);
  const outcomes = new Set<string>();
  let finished = false;
  for (let crashAt = 1; !finished; crashAt++) {
    for (const takesEffect of [false, true]) {
      const disk = new MemoryDisk();
      const target = await open(disk);
      await loadAll(target);
      target.append({ applied: applied(1, 2), deltas: [put(2, 'old')], records: [] });
      await target.flush({ sync: true });
      disk.crashAt = disk.operations + crashAt;
      disk.takesEffect = takesEffect;
      let committed = false;
      try {
        const receiver = await target.receive();
        for (const chunk of chunks) await receiver.write(chunk);
        await receiver.commit();
        committed = true;
        finished = true;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
      const restarted = disk.crash(crashAt);
      const found = await loadAll(await open(restarted));
      const isOld =
        found.deltas.length === 1 &&
        found.deltas[0]!.key === ('old' as ByteString) &&
        found.applied!.point.index === 1;
      const isNew =
        found.deltas.length === 40 && found.applied!.point.index === 4 && found.records.length === 4;
      t.true(committed ? isNew : isOld || isNew, `crash at ${crashAt}`);
      t.false(await restarted.exists('state-incoming'));
      outcomes.add(isNew ? 'new' : 'old');
    }
  }
  t.is(outcomes.size, 2);
});

test.serial('the mutants of the image do what they say', async (t) => {
  t.teardown(() => activateMutant(null));
  activateMutant('apply-twice-after-restart');
  const image = await open(await filled());
  t.is((await loadAll(image)).applied!.point.index as number, 3);
  activateMutant('snapshot-one-index-off');
  const snapshot = await image.snapshot();
  t.is(snapshot.applied.point.index as number, 5);
});

/** An image of many small chunks, most of what they hold no longer live. */
async function manyChunks(): Promise<{ readonly image: ImageStore; readonly isLive: IsLive }> {
  const image = await open(new MemoryDisk());
  await loadAll(image);
  let revision = 2;
  for (let round = 0; round < 24; round++) {
    const deltas = Array.from({ length: 3 }, (_, i) => put(revision++, `k${i}`, 'v'.repeat(100)));
    image.append({ applied: applied(round + 1, revision - 1), deltas, records: [] });
    await image.flush({ sync: false });
  }
  image.append({ applied: applied(100, revision - 1, revision - 1), deltas: [], records: [] });
  return { image, isLive: (_space, _key, at) => at % 3 === 0 };
}

/** Wherever a step of the scrub ends, chunks on both sides of that place are merged before the next one. */
async function scrubbedAcrossReclaims(): Promise<readonly string[]> {
  const faults: string[] = [];
  const scrubOn = async (
    image: ImageStore,
    from: ImageCursor,
    steps: number,
  ): Promise<ImageCursor | null> => {
    let next: ImageCursor | null = from;
    for (let i = 0; i < steps && next !== null; i++) {
      const step = await image.scrub(next, 1, async () => null);
      if (step.fault !== null) faults.push(step.fault);
      next = step.fault === null ? step.next : null;
    }
    return next;
  };
  for (let steps = 1; ; steps++) {
    const { image, isLive } = await manyChunks();
    const next = await scrubOn(image, imageStart, steps);
    while ((await image.reclaim(isLive, 1e6)) !== 'nothing-left');
    if (next !== null) await scrubOn(image, next, 1000);
    await image.close();
    if (next === null) return faults;
  }
}

testEachMutant({ 'scrub-expects-what-lies-before': scrubbedAcrossReclaims });
