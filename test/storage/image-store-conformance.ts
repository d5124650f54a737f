import type { ExecutionContext, TestFn } from 'ava';
import { type ByteString, byteString } from '../../src/foundation/bytes.ts';
import { clusterTimeMs, leaseId, logIndex, nodeId, revision, term } from '../../src/foundation/ids.ts';
import type { Disk } from '../../src/ports/database.ts';
import type { Space, StateDelta } from '../../src/ports/delta.ts';
import type { AppliedPoint, ImageRecord, ImageStore } from '../../src/ports/image-store.ts';
import type { DiskUnderTest } from './database-conformance.ts';

export type OpenImageForTest = (disk: Disk) => Promise<ImageStore>;

export function put(
  rev: number,
  key: string,
  value = `${key}@${rev}`,
  more: Partial<StateDelta> = {},
): StateDelta {
  return {
    epoch: 1,
    revision: revision(rev),
    sub: 0,
    timeMs: clusterTimeMs(1_700_000_000_000 + rev),
    space: 'user',
    op: 'put',
    key: key as ByteString,
    value: value as ByteString,
    lease: leaseId(0n),
    createRevision: revision(rev),
    version: 1,
    ...more,
  };
}

export function tombstone(rev: number, key: string, more: Partial<StateDelta> = {}): StateDelta {
  return { ...put(rev, key, ''), op: 'delete', createRevision: revision(0), version: 0, ...more };
}

export function applied(index: number, userRevision = index, compacted = 0): AppliedPoint {
  const empty = { revision: revision(1), compacted: revision(0) };
  return {
    point: { index: logIndex(index), term: term(1) },
    timeMs: clusterTimeMs(index),
    epoch: 1,
    configuration: { voters: [nodeId('n1')], outgoing: [], learners: [] },
    revisions: {
      user: { revision: revision(userRevision), compacted: revision(compacted) },
      planes: empty,
      system: empty,
      predicted: empty,
    },
    digests: { user: `d${index}`, planes: '', system: '', predicted: '' },
  };
}

export interface Contents {
  readonly applied: AppliedPoint | null;
  readonly records: readonly ImageRecord[];
  readonly deltas: StateDelta[];
}

export async function loadAll(image: ImageStore): Promise<Contents> {
  const loaded = await image.load();
  const deltas: StateDelta[] = [];
  for await (const batch of loaded?.deltas ?? []) deltas.push(...batch);
  return { applied: loaded?.applied ?? null, records: loaded?.records ?? [], deltas };
}

async function history(image: ImageStore, space: Space, from: number, to: number): Promise<StateDelta[]> {
  const found: StateDelta[] = [];
  for await (const batch of image.history.deltas(space, revision(from), revision(to))) found.push(...batch);
  return found;
}

/** What every `ImageStore` must do. */
export function imageStoreConformance(
  test: TestFn,
  name: string,
  make: () => Promise<DiskUnderTest>,
  open: OpenImageForTest,
): void {
  const withDisk = (title: string, act: (t: ExecutionContext, disk: Disk) => Promise<void>): void =>
    test(`${name}: ${title}`, async (t) => {
      const under = await make();
      try {
        await act(t, under.disk);
      } finally {
        await under.close();
      }
    });

  withDisk('a new image is empty', async (t, disk) => {
    const image = await open(disk);
    t.is(await image.load(), null);
    t.is(await image.flush({ sync: true }), null);
    await image.close();
  });

  withDisk('every field of a delta, records and the applied point come back', async (t, disk) => {
    const allBytes = byteString(Uint8Array.from({ length: 256 }, (_, i) => i));
    const deltas = [
      put(2, 'a'),
      put(3, allBytes, allBytes, { lease: leaseId(-5n), version: 70_000, createRevision: revision(2) }),
      put(4, 'b', '', { lease: leaseId(2n ** 63n - 1n), epoch: 9 }),
      put(4, 'c', 'x'.repeat(5000), { sub: 1 }),
      tombstone(4, 'a', { sub: 2 }),
      put(2 ** 40, 'far', 'v', { timeMs: clusterTimeMs(2 ** 45), sub: 3 }),
      put(2 ** 40 + 1, 'back', 'v', { timeMs: clusterTimeMs(3), createRevision: revision(1) }),
      put(2, 'other', 'space', { space: 'predicted' }),
      tombstone(7, 'other', { space: 'system' }),
    ];
    const image = await open(disk);
    await loadAll(image);
    image.append({
      applied: applied(1),
      deltas: deltas.slice(0, 2),
      records: [{ key: 'gone', value: Buffer.from('x') }],
    });
    image.append({
      applied: applied(2),
      deltas: deltas.slice(2),
      records: [
        { key: 'gone', value: null },
        { key: 'kept\xff', value: Buffer.from('y') },
        { key: 'empty', value: Buffer.alloc(0) },
      ],
    });
    t.true(image.pendingBytes() > 5000);
    t.deepEqual(await image.flush({ sync: true }), applied(2));
    t.is(image.pendingBytes(), 0);
    await image.close();
    const again = await open(disk);
    const found = await loadAll(again);
    const order: readonly Space[] = ['user', 'planes', 'system', 'predicted'];
    t.deepEqual(
      found.deltas,
      deltas.toSorted((a, b) => order.indexOf(a.space) - order.indexOf(b.space)),
    );
    t.deepEqual(found.applied, applied(2));
    t.deepEqual(
      found.records.map((r) => [r.key, Buffer.from(r.value!).toString()]),
      [
        ['empty', ''],
        ['kept\xff', 'y'],
      ],
    );
    await again.close();
  });

  withDisk('history is readable before and after the flush, over chunks', async (t, disk) => {
    const image = await open(disk);
    await loadAll(image);
    const deltas: StateDelta[] = [];
    for (let batch = 0; batch < 40; batch++) {
      const added: StateDelta[] = [];
      for (let i = 0; i < 10; i++) {
        const rev = 2 + batch * 10 + i;
        added.push(put(rev, `k${i}`, 'v'.repeat(50)), put(rev, `l${i}`, 'w', { sub: 1 }));
      }
      deltas.push(...added);
      image.append({ applied: applied(batch + 1, 2 + batch * 10 + 9), deltas: added, records: [] });
      if (batch % 7 === 6) await image.flush({ sync: false });
    }
    t.deepEqual(await history(image, 'user', 0, 1e6), deltas);
    t.deepEqual(
      await history(image, 'user', 55, 57),
      deltas.filter((d) => d.revision >= 55 && d.revision <= 57),
    );
    t.deepEqual(
      await history(image, 'user', 390, 401),
      deltas.filter((d) => d.revision >= 390 && d.revision <= 401),
    );
    t.deepEqual(await history(image, 'planes', 0, 1e6), []);
    const wanted = [
      { key: 'k3' as ByteString, revision: revision(395) },
      { key: 'l1' as ByteString, revision: revision(3) },
      { key: 'k9' as ByteString, revision: revision(3) },
      { key: 'k0' as ByteString, revision: revision(5000) },
      { key: 'k8' as ByteString, revision: revision(200) },
    ];
    t.deepEqual(
      (await image.history.find('user', wanted)).map((d) => d && `${d.key}@${d.revision}`),
      ['k3@395', 'l1@3', undefined, undefined, 'k8@200'],
    );
    await image.close();
  });

  withDisk('of a key that a transaction deletes and puts again, the put is found', async (t, disk) => {
    const image = await open(disk);
    await loadAll(image);
    const deltas = [put(2, 'a'), tombstone(3, 'a'), put(3, 'a', 'again', { sub: 1 }), put(4, 'a')];
    image.append({ applied: applied(1, 4), deltas, records: [] });
    const wanted = [{ key: 'a' as ByteString, revision: revision(3) }];
    for (const flush of [false, true]) {
      if (flush) await image.flush({ sync: false });
      t.deepEqual(await image.history.find('user', wanted), [deltas[2]]);
    }
    await image.close();
  });

  withDisk('a flush while appends go on takes what came before it', async (t, disk) => {
    const image = await open(disk);
    await loadAll(image);
    image.append({
      applied: applied(1, 2),
      deltas: [put(2, 'a')],
      records: [{ key: 'r', value: Buffer.from('1') }],
    });
    const first = image.flush({ sync: true });
    await null;
    image.append({
      applied: applied(2, 3),
      deltas: [put(3, 'b')],
      records: [{ key: 'r', value: Buffer.from('2') }],
    });
    const second = image.flush({ sync: true });
    await first;
    t.is((await history(image, 'user', 2, 3)).length, 2);
    t.deepEqual(await second, applied(2, 3));
    await image.close();
    const again = await open(disk);
    const found = await loadAll(again);
    t.deepEqual(
      found.deltas.map((d) => d.key),
      ['a', 'b'] as ByteString[],
    );
    t.is(Buffer.from(found.records[0]!.value!).toString(), '2');
    await again.close();
  });

  withDisk('a snapshot is of one moment and comes over whole', async (t, disk) => {
    const image = await open(disk);
    await loadAll(image);
    const deltas = Array.from({ length: 300 }, (_, i) => put(2 + i, `k${i}`, 'v'.repeat(4000)));
    image.append({ applied: applied(9, 301), deltas, records: [{ key: 'r', value: Buffer.from('1') }] });
    await image.flush({ sync: false });
    const snapshot = await image.snapshot();
    image.append({
      applied: applied(10, 302),
      deltas: [put(302, 'late')],
      records: [{ key: 'r', value: null }],
    });
    await image.flush({ sync: true });
    t.deepEqual(snapshot.applied, applied(9, 301));
    const receiver = await image.receive();
    for await (const chunk of snapshot.chunks) {
      t.true(chunk.length <= 1024 * 1024);
      await receiver.write(chunk);
    }
    await snapshot.close();
    t.deepEqual(await receiver.commit(), applied(9, 301));
    const found = await loadAll(image);
    t.deepEqual(found.applied, applied(9, 301));
    t.deepEqual(found.deltas, deltas);
    t.is(found.records.length, 1);
    image.append({ applied: applied(11, 302), deltas: [put(302, 'new')], records: [] });
    await image.flush({ sync: true });
    await image.close();
    const again = await open(disk);
    t.is((await loadAll(again)).deltas.at(-1)?.key, 'new' as ByteString);
    await again.close();
  });

  withDisk(
    'a snapshot with chunks missing, swapped or altered is refused and changes nothing',
    async (t, disk) => {
      const image = await open(disk);
      await loadAll(image);
      const deltas = Array.from({ length: 600 }, (_, i) => put(2 + i, `k${i}`, 'v'.repeat(4000)));
      image.append({ applied: applied(9, 601), deltas, records: [{ key: 'r', value: Buffer.from('1') }] });
      await image.flush({ sync: false });
      const snapshot = await image.snapshot();
      const chunks: Buffer[] = [];
      for await (const chunk of snapshot.chunks) chunks.push(Buffer.from(chunk));
      await snapshot.close();
      t.true(chunks.length >= 4);
      const flipped = (at: number): Buffer => {
        const copy = Buffer.from(chunks[1]!);
        copy[at]! ^= 1;
        return copy;
      };
      const altered: readonly (readonly Buffer[])[] = [
        chunks.slice(1),
        chunks.slice(0, -1),
        [chunks[0]!, ...chunks.slice(2)],
        [chunks[1]!, chunks[0]!, ...chunks.slice(2)],
        [chunks[0]!, chunks[0]!, ...chunks.slice(1)],
        [...chunks.slice(0, -2), chunks.at(-1)!],
        ...[0, 5, 7, 9, 100, 200_000].map((at) => [chunks[0]!, flipped(at), ...chunks.slice(2)]),
        [],
      ];
      for (const sent of altered) {
        const receiver = await image.receive();
        await t.throwsAsync(
          async () => {
            for (const chunk of sent) await receiver.write(chunk);
            await receiver.commit();
          },
          { code: 'data-damaged' },
        );
        await receiver.abort();
      }
      t.deepEqual(await history(image, 'user', 0, 1000), deltas);
      await image.close();
      const again = await open(disk);
      t.is((await loadAll(again)).deltas.length, 600);
      await again.close();
    },
  );

  withDisk(
    'reclaim drops what is dead, merges what is small, and says when nothing is left',
    async (t, disk) => {
      const image = await open(disk);
      await loadAll(image);
      let rev = 2;
      for (let round = 0; round < 60; round++) {
        const deltas = Array.from({ length: 10 }, (_, i) => put(rev++, `k${i}`, 'v'.repeat(100)));
        image.append({ applied: applied(round + 1, rev - 1), deltas, records: [] });
        await image.flush({ sync: false });
      }
      const latest = rev - 10;
      image.append({ applied: applied(100, rev - 1, rev - 1), deltas: [], records: [] });
      let steps = 0;
      const reclaim = () => image.reclaim((_space, _key, at) => at >= latest, 10_000);
      while ((await reclaim()) !== 'nothing-left') t.true(++steps < 100);
      t.is(await reclaim(), 'nothing-left');
      const left = await history(image, 'user', 0, 1e6);
      t.deepEqual(left.filter((d) => d.revision >= latest).length, 10);
      t.true(left.length < 40);
      await image.close();
      const again = await open(disk);
      t.deepEqual((await loadAll(again)).deltas, left);
      await again.close();
    },
  );
}
