import test from 'ava';
import { TanistError } from '../../src/foundation/errors.ts';
import { logIndex, nodeId, revision } from '../../src/foundation/ids.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { StreamPart } from '../../src/ports/replication.ts';
import { compact, del, grant, lease, put, range, revoke, txn } from '../state/commands.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';
import { randomChange } from './random-change.ts';
import { policy, strip, through, WarmWorld, warmId } from './warm-world.ts';

test('holds what is critical as it commits, and reads it as the state does', async (t) => {
  const world = new WarmWorld();
  world.apply(
    policy('a/', 'critical'),
    policy('a/x/', 'full'),
    put('a/1', 'one'),
    put('q', 'no'),
    grant(7n, 9000),
  );
  const warm = await world.warm([world.source()]);
  await world.caughtUp(warm);
  t.deepEqual(await world.differences(warm), []);
  world.apply(put('a/2', 'two', lease(7n)), put('a/x/1', 'no'), put('a/3', 'three', { space: 'planes' }));
  world.apply(del('a/1'), put('q', 'nor this'));
  await world.caughtUp(warm);
  t.deepEqual(await world.differences(warm), []);
  t.is(warm.status().keys, 4); // two in the ranges, two policies
  t.deepEqual([...warm.state.leases], [[7n, 9000]] as never);
  world.apply(revoke(7n));
  await world.caughtUp(warm);
  t.is(warm.state.leases.size, 0);
  t.deepEqual(await world.differences(warm), []);
  const refused = (key: string, end = '', rest = {}): unknown => {
    const answer = warm.read(range(key, end, rest));
    return answer instanceof TanistError ? answer.code : answer;
  };
  t.is(refused('q'), 'not-held');
  t.is(refused('a/x/1'), 'not-held');
  t.is(refused('a/', 'a0'), 'not-held');
  t.is(refused('a/1', 'b'), 'not-held');
  t.is(refused('a/2', '', { revision: revision(2) }), 'not-held');
  t.is(refused('a/2', '', { revision: revision(1000) }), 'revision-future');
  t.is(refused('a/2', '', { space: 'predicted' }), 'invalid-argument');
  t.like(refused('a/2'), { kind: 'range', count: 0 });
  t.deepEqual(world.reports.at(-1)?.id, warmId);
  await world.until(warm.stop());
});

test('an idle source still says that it is there, and how it is', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'));
  const warm = await world.warm([world.source()]);
  await world.caughtUp(warm);
  await world.run(10_000);
  t.true(warm.ageMs < 200, `${warm.ageMs}`);
  t.true(warm.status().digestChecks > 10);
  t.is(warm.status().sourceChanges, 1);
  t.true(world.reports.length > 20);
  await world.until(warm.stop());
});

for (const seed of Array.from({ length: 12 }, (_, i) => i + 1)) {
  test(`whatever happens it holds what it says (seed ${seed})`, async (t) => {
    const world = new WarmWorld(seed);
    const random = seededRandom(seed);
    const next = (n: number): number => random.below(n);
    world.apply(policy('a/', 'critical'));
    let isDown = false;
    const slow = { ms: 0 };
    const source = through(world.source(), async (part) => {
      if (isDown) throw new TanistError('unavailable', 'down');
      if (slow.ms > 0) await world.scheduler.sleep(slow.ms);
      return part;
    });
    let disk = new MemoryDisk();
    let warm = await world.warm([source], disk);
    for (let i = 0; i < 400; i++) {
      world.apply(...Array.from({ length: 1 + next(4) }, () => randomChange(next)));
      if (next(15) === 0) world.apply(compact(Math.max(1, world.state.revision('user') - next(10))));
      isDown = isDown ? next(6) > 0 : next(40) === 0;
      slow.ms = next(30) === 0 ? 300 : next(10) === 0 ? 0 : slow.ms;
      if (next(3) === 0) await world.run(next(20));
      if (next(60) === 0) {
        await world.until(warm.stop());
        disk = next(2) === 0 ? disk.copy() : disk.crash(seed);
        warm = await world.warm([source], disk);
      }
      if (next(20) !== 0) continue;
      isDown = false;
      slow.ms = 0;
      await world.caughtUp(warm);
      t.deepEqual(await world.differences(warm), [], `step ${i}`);
    }
    isDown = false;
    slow.ms = 0;
    await world.caughtUp(warm);
    t.deepEqual(await world.differences(warm), []);
    t.deepEqual([...warm.state.leases.keys()].sort(), [...world.state.leaseIds()].sort() as never);
    t.is(warm.status().quarantined, 0);
    t.is(world.failure, null);
    await world.until(warm.stop());
  });
}

test('goes on from where it was: after a short absence only what changed is told', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'));
  for (let i = 0; i < 50; i++) world.apply(put(`a/${i}`, 'v'));
  const disk = new MemoryDisk();
  const parts: StreamPart[] = [];
  const source = through(world.source(), (part) => {
    parts.push(part);
    return part;
  });
  const first = await world.warm([source], disk);
  await world.caughtUp(first);
  await world.until(first.stop());
  world.apply(put('a/7', 'new'), put('q', 'x'));
  world.apply(del('a/8'));
  parts.length = 0;
  const again = await world.warm([source], disk.copy());
  t.deepEqual(strip(again.read(range('a/8'))), { ...(strip(again.read(range('a/8'))) as object), count: 1 });
  await world.caughtUp(again);
  t.deepEqual(await world.differences(again), []);
  t.false(parts.some(({ kind }) => kind === 'replace' || kind === 'values'));
  t.deepEqual(
    parts.flatMap((part) => (part.kind === 'deltas' ? part.deltas.map(({ key, op }) => `${op} ${key}`) : [])),
    ['put a/7', 'delete a/8'],
  );
  t.false(parts.some((part) => part.kind === 'deltas' && part.deltas.some((delta) => 'previous' in delta)));
  await world.until(again.stop());
});

test('what was compacted meanwhile is told anew, and so is what is of another lineage', async (t) => {
  for (const change of ['compacted', 'lineage'] as const) {
    const world = new WarmWorld();
    world.apply(policy('a/', 'critical'), put('a/1', 'one'), put('a/2', 'two'));
    const disk = new MemoryDisk();
    const first = await world.warm([world.source()], disk);
    await world.caughtUp(first);
    await world.until(first.stop());
    world.apply(del('a/1'));
    for (let i = 0; i < 10; i++) world.apply(put('a/2', `${i}`));
    if (change === 'compacted') world.apply(compact(world.state.revision('user')));
    else world.lineage = { clusterId: 'c+00000001', epoch: 2 };
    const kinds = new Set<string>();
    const source = through(world.source(), (part) => {
      kinds.add(part.kind);
      return part;
    });
    const again = await world.warm([source], disk.copy());
    await world.caughtUp(again);
    t.deepEqual(await world.differences(again), []);
    t.true(kinds.has('replace'));
    t.is(again.status().held?.lineage.epoch, world.lineage.epoch);
    await world.until(again.stop());
  }
});

test('a source of an older lineage, one that is behind, one under doubt and one that knows no such member refuse', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'));
  const revisions = { user: revision(1), planes: revision(1), system: revision(1), predicted: revision(1) };
  const refusal = async (
    held: { readonly epoch: number; readonly user: number } | null,
    replica = warmId,
    mode: 'deltas' | 'latest' = 'deltas',
  ): Promise<string> => {
    const request = {
      replica,
      mode,
      held:
        held === null
          ? null
          : {
              lineage: { clusterId: 'c', epoch: held.epoch },
              revisions: { ...revisions, user: revision(held.user) },
              ranges: [],
            },
    };
    try {
      for await (const part of world.source().follow(request, new AbortController().signal)) return part.kind;
    } catch (error) {
      return (error as TanistError).code;
    }
    return 'nothing';
  };
  t.is(await refusal(null), 'ranges');
  t.is(await refusal({ epoch: 1, user: 1 }), 'ranges');
  t.is(await refusal({ epoch: 2, user: 1 }), 'data-of-another-cluster');
  t.is(await refusal({ epoch: 1, user: 1000 }), 'never-committed');
  world.isCaughtUp = false;
  t.is(await refusal({ epoch: 1, user: 1000 }), 'starting');
  world.isCaughtUp = true;
  t.is(await refusal({ epoch: 0, user: 1000 }), 'ranges');
  t.is(await refusal(null, nodeId('stranger')), 'unknown-member');
  t.is(await refusal(null, warmId, 'latest'), 'unknown-member');
  world.refusal = new TanistError('under-doubt', 'doubted');
  t.is(await refusal(null), 'under-doubt');
});

test('when its source goes it follows another; a snapshot taken over there ends the stream', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'));
  let isFirstDown = false;
  const followed: string[] = [];
  const named = (id: string) =>
    through(
      world.source(),
      (part) => {
        if (id === 'f' && isFirstDown) throw new TanistError('unavailable', 'gone');
        if (part.kind === 'ranges') followed.push(id);
        return part;
      },
      id,
    );
  const warm = await world.warm([named('h'), named('f')]);
  await world.caughtUp(warm);
  t.deepEqual(followed, ['f']); // a follower before the leader
  isFirstDown = true;
  world.apply(put('a/2', 'two'));
  await world.caughtUp(warm);
  t.deepEqual(followed, ['f', 'h']);
  isFirstDown = false;
  world.refusal = new TanistError('starting', 'a snapshot');
  world.listeners.ended();
  await world.run(1000);
  t.is(warm.status().source, null);
  t.regex(warm.status().trouble ?? '', /starting/);
  t.like(warm.read(range('a/1')), { kind: 'range', count: 1 });
  world.refusal = null;
  world.apply(put('a/3', 'three'));
  await world.caughtUp(warm);
  t.deepEqual(await world.differences(warm), []);
  t.is(warm.status().trouble, null);
  await world.until(warm.stop());
});

test('a source that says nothing any more is left', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'));
  let isSilent = false;
  const silent = through(world.source(), (part) => (isSilent ? null : part), 'f');
  const warm = await world.warm([silent, world.source()]);
  await world.caughtUp(warm);
  t.is(warm.status().source, nodeId('f'));
  isSilent = true;
  world.apply(put('a/2', 'two'));
  await world.caughtUp(warm);
  t.is(warm.status().source, nodeId('h'));
  t.deepEqual(await world.differences(warm), []);
  await world.until(warm.stop());
});

test('what is wrong is served to nobody from the mark on that shows it, kept as evidence, and fetched anew', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), policy('b/', 'critical'), put('a/1', 'one'), put('b/1', 'one'));
  let isSpoiling = false;
  const source = through(world.source(), (part) => {
    if (!isSpoiling || part.kind !== 'deltas') return part;
    isSpoiling = false;
    return { ...part, deltas: part.deltas.map((delta) => ({ ...delta, value: 'spoilt' as never })) };
  });
  const disk = new MemoryDisk();
  const damaged: unknown[] = [];
  const log = {
    info: () => {},
    warn: () => {},
    error: (_: string, fields?: object) => void damaged.push(fields),
  };
  const warm = await world.warm([source], disk, { log });
  await world.caughtUp(warm);
  isSpoiling = true;
  world.apply(put('a/1', 'two'));
  await world.run(2000, () => warm.status().quarantined > 0);
  t.is(warm.status().quarantined, 1);
  t.regex(warm.status().trouble ?? '', /fetched anew/);
  t.is((warm.read(range('a/1')) as TanistError).code, 'not-held');
  t.like(warm.read(range('b/1')), { count: 1 });
  await world.caughtUp(warm);
  t.deepEqual(await world.differences(warm), []);
  t.like(strip(warm.read(range('a/1'))), { values: [{ value: 'two' }] });
  t.is(warm.status().trouble, null);
  t.is(damaged.length, 1);
  const evidence = [...disk.rows('warm').keys()].filter((key) => key.startsWith('e/'));
  t.is(evidence.length, 1);
  t.true(
    [...disk.rows('warm')].some(([key, row]) => key.startsWith('r/') && Buffer.from(row).includes('spoilt')),
  );
  await world.until(warm.stop());
});

test('a bit that flips in any stored row is found at the next start; nothing wrong is served, and all is whole again', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), policy('b/', 'critical'), grant(3n, 9000));
  for (let i = 0; i < 5; i++) world.apply(put(`a/${i}`, `va${i}`), put(`b/${i}`, `vb${i}`));
  const disk = new MemoryDisk();
  let spoils = 0;
  const spoiling = through(world.source(), (part) => {
    if (spoils !== 1 || part.kind !== 'deltas') return part;
    spoils = 2;
    return { ...part, deltas: part.deltas.map((delta) => ({ ...delta, value: 'spoilt' as never })) };
  });
  const first = await world.warm([spoiling], disk);
  await world.caughtUp(first);
  // Something was found wrong before, so that there is evidence too.
  spoils = 1;
  world.apply(put('a/0', 'again'));
  await world.run(2000, () => first.status().quarantined > 0);
  await world.caughtUp(first);
  await world.until(first.stop());
  const kinds = new Set([...disk.rows('warm').keys()].map((key) => key.replace(/\/.*/, '/')));
  t.deepEqual([...kinds].sort(), ['e/', 'g/', 'l/', 'members', 'meta', 'r/']);
  const current = [...disk.rows('warm').keys()]
    .filter((key) => key.startsWith('g/'))
    .map((key) => key.slice(2));
  for (const key of disk.rows('warm').keys())
    for (const at of [0, 5, -1]) {
      const spoilt = disk.copy();
      const rows = spoilt.contents.get('warm')!.durable;
      const row = Uint8Array.from(rows.get(key)!);
      const byte = at < 0 ? row.length - 1 : at;
      row[byte] = row[byte]! ^ 4;
      rows.set(key, row);
      let isDown = true;
      const source = through(world.source(), (part) => {
        if (isDown) throw new TanistError('unavailable', 'down');
        return part;
      });
      const warm = await world.warm([source], spoilt);
      t.deepEqual(
        await world.differences(warm),
        [],
        `${key} byte ${byte}: served while nobody can repair it`,
      );
      // Leases and members are told anew at once; of what is evidence nothing is ever read.
      const isHeld =
        key === 'meta' || current.some((generation) => /^[gr]\//.test(key) && key.startsWith(generation, 2));
      if (isHeld) t.is(warm.status().quarantined > 0, true, key);
      isDown = false;
      await world.caughtUp(warm);
      await world.run(500, () => warm.status().marks > 0);
      t.deepEqual(await world.differences(warm), [], key);
      t.deepEqual([...warm.state.leases], [[3n, 9000]] as never);
      const rangesOf = ({ state }: typeof warm): readonly string[] =>
        state.ranges.map(({ range }) => JSON.stringify(range)).sort();
      const held = rangesOf(warm);
      await world.until(warm.stop());
      const again = await world.warm([], spoilt);
      t.deepEqual(
        rangesOf(again),
        held,
        `${key} byte ${byte}: what was set aside is held again after a restart`,
      );
      await world.until(again.stop());
    }
});

test('a row that vanished is noticed as well', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'), put('a/2', 'two'));
  const disk = new MemoryDisk();
  const first = await world.warm([world.source()], disk);
  await world.caughtUp(first);
  await world.until(first.stop());
  for (const key of disk.rows('warm').keys()) {
    const spoilt = disk.copy();
    spoilt.contents.get('warm')!.durable.delete(key);
    const warm = await world.warm([], spoilt);
    t.deepEqual(await world.differences(warm), [], key);
    await world.until(warm.stop());
  }
});

test('a row that is spoilt while it runs is found by the scrub and written anew', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'), put('a/2', 'two'));
  const disk = new MemoryDisk();
  const warm = await world.warm([world.source()], disk, {
    scrub: { bytesPerSecond: 1 << 20, pauseMs: 1000 },
  });
  await world.caughtUp(warm);
  const key = [...disk.rows('warm').keys()].find((name) => name.endsWith('a/2'))!;
  const row = Uint8Array.from(disk.rows('warm').get(key)!);
  row[10] = row[10]! ^ 1;
  disk.contents.get('warm')!.unsynced.push([{ type: 'put', key, value: row }]);
  await world.run(5000);
  t.is(warm.status().quarantined, 1);
  t.regex(
    warm.scrubStatus.lastFault ?? '',
    /checksums of 1 stored rows are wrong, 0 rows are gone, 0 are of/,
  );
  // What was found stays, as it was, until there were four such findings since.
  const stored = disk.rows('warm');
  const [evidence] = [...stored.keys()].filter((name) => name.startsWith('e/'));
  t.deepEqual(stored.get(key.replace(/^r.[^/]+/, `r/${evidence?.slice(2)}`)), row);
  t.notDeepEqual(stored.get(key), row);
  await world.until(warm.stop());
  const again = await world.warm([], disk.copy());
  t.is(again.status().quarantined, 0);
  t.deepEqual(await world.differences(again), []);
  await world.until(again.stop());
});

test('a row with an older value, or of a deleted key, is found by the scrub though its checksum is right', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'), put('a/2', 'two'), put('a/3', 'three'));
  const disk = new MemoryDisk();
  const warm = await world.warm([world.source()], disk, {
    scrub: { bytesPerSecond: 1 << 20, pauseMs: 1000 },
  });
  await world.caughtUp(warm);
  const old = [...disk.rows('warm')].filter(([name]) => /a.[12]$/.test(name) && name.startsWith('r/'));
  t.is(old.length, 2);
  world.apply(put('a/1', 'newer'), del('a/2'));
  await world.caughtUp(warm);
  await world.run(3000);
  t.is(warm.status().quarantined, 0);
  for (const [key, value] of old) disk.contents.get('warm')!.unsynced.push([{ type: 'put', key, value }]);
  await world.run(3000);
  t.is(warm.status().quarantined, 1);
  t.regex(warm.scrubStatus.lastFault ?? '', /0 rows are gone, 2 are of another revision/);
  // Changes that come in meanwhile are taken for nothing of the kind.
  for (let i = 0; i < 200; i++) {
    world.apply(put(`a/${i % 7}`, `${i}`), del(`a/${(i + 3) % 7}`));
    await world.run(15);
  }
  t.is(warm.status().quarantined, 1);
  await world.until(warm.stop());
  const again = await world.warm([], disk.copy());
  t.is(again.status().quarantined, 0);
  t.deepEqual(await world.differences(again), []);
  await world.until(again.stop());
});

test('of what the scrub found the last four findings are kept, and each of bounded size', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'));
  for (let i = 0; i < 12; i++) world.apply(put(`a/${i}`, `${i}`.repeat(1000_000)));
  const disk = new MemoryDisk();
  const scrub = { bytesPerSecond: 1 << 30, pauseMs: 1000 };
  const warm = await world.warm([world.source()], disk, { scrub });
  await world.caughtUp(warm);
  const rows = [...disk.rows('warm')].flatMap(([name, row]) => (row.length > 1000_000 ? [name] : []));
  for (let finding = 0; finding < 6; finding++) {
    for (const key of rows) {
      const row = Uint8Array.from(disk.rows('warm').get(key)!);
      row[10] = row[10]! ^ 1;
      disk.contents.get('warm')!.unsynced.push([{ type: 'put', key, value: row }]);
    }
    await world.run(4000, () => warm.status().quarantined > finding);
    await world.run(4000);
  }
  t.is(warm.status().quarantined, 6);
  const evidence = [...disk.rows('warm').keys()].filter((name) => name.startsWith('e/'));
  t.is(evidence.length, 4);
  const held = new Set(rows);
  const kept = [...disk.rows('warm')].filter(([name, row]) => row.length > 1000_000 && !held.has(name));
  const bytes = kept.reduce((sum, [, row]) => sum + row.length, 0);
  t.true(bytes > 4 * 2 * 1024 * 1024 && bytes <= 4 * 4 * 1024 * 1024, `${bytes}`);
  await world.until(warm.stop());
  const again = await world.warm([], disk.copy());
  t.is(again.status().quarantined, 0);
  t.deepEqual(await world.differences(again), []);
  await world.until(again.stop());
});

test('a crash at any write leaves some mark, whole; from there it goes on', async (t) => {
  const script = async (world: WarmWorld, disk: MemoryDisk): Promise<void> => {
    const warm = await world.warm([world.source()], disk);
    for (let i = 0; i < 6; i++) {
      world.apply(put(`a/${i % 3}`, `${i}`), put('q', 'x'), put(`b/${i}`, `${i}`));
      if (i === 2) world.apply(policy('b/', 'critical'), grant(2n, 9000));
      if (i === 4) world.apply(policy('a/', 'full'), txn([], [del('b/1'), put('b/2', 'again')]));
      await world.run(30);
    }
    await world.run(1000);
    await world.until(warm.stop());
  };
  const dry = new MemoryDisk();
  const begun = (): WarmWorld => {
    const world = new WarmWorld();
    world.apply(policy('a/', 'critical'), put('a/1', 'one'), put('b/1', 'one'));
    return world;
  };
  await script(begun(), dry);
  t.true(dry.operations > 20);
  for (let at = 1; at <= dry.operations; at++)
    for (const takesEffect of [false, true]) {
      const world = begun();
      const disk = new MemoryDisk();
      disk.crashAt = at;
      disk.takesEffect = takesEffect;
      await script(world, disk).catch(() => undefined);
      const warm = await world.warm([world.source()], disk.crash(at));
      t.is(warm.status().quarantined, 0, `crash at ${at}`);
      await world.caughtUp(warm);
      t.deepEqual(await world.differences(warm), [], `crash at ${at}`);
      await world.until(warm.stop());
    }
});

test('a disk that is full is waited for; what is held is read on meanwhile', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'));
  const disk = new MemoryDisk();
  const warm = await world.warm([world.source()], disk);
  await world.caughtUp(warm);
  disk.failWrites = new TanistError('disk-full', 'full');
  world.apply(put('a/2', 'two'));
  await world.run(3000);
  t.regex(warm.status().trouble ?? '', /disk is full/);
  t.like(warm.read(range('a/1')), { count: 1 });
  disk.failWrites = null;
  world.apply(put('a/3', 'three'));
  await world.caughtUp(warm);
  t.deepEqual(await world.differences(warm), []);
  t.is(warm.status().trouble, null);
  await world.until(warm.stop());
});

test('many keys: told in pieces, read in pieces, each answer of one mark', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'));
  for (let i = 0; i < 50; i++)
    world.apply(...Array.from({ length: 100 }, (_, j) => put(`a/${i}/${j}`, `${i}`)));
  const warm = await world.warm([world.source()]);
  for (let i = 0; i < 50; i++) {
    world.apply(...Array.from({ length: 40 }, (_, j) => put(`a/${i}/${j * 2}`, 'changed')), del(`a/${i}/99`));
    await world.run(1);
  }
  await world.caughtUp(warm);
  t.is((await world.differences(warm)).length, 0);
  const all = range('a/', 'a0', { order: 'descend', target: 'mod', limit: 3000 });
  const reading = warm.read(all);
  t.true(reading instanceof Promise);
  const expected = strip(world.state.range(all));
  world.apply(put('a/new', 'x'), del('a/1', 'a/2'));
  const answer = (await world.until(Promise.resolve(reading))) as object;
  t.deepEqual(strip(answer), expected);
  await world.caughtUp(warm);
  t.deepEqual(await world.differences(warm), []);
  await world.until(warm.stop());
});

test('a replica that is removed from the cluster is fed no more, and ends', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'));
  const warm = await world.warm([world.source()]);
  await world.caughtUp(warm);
  let failure: Error | null = null;
  warm.onFailure((error) => {
    failure = error;
  });
  const { applied, configuration } = world.state;
  world.state.applyEmpty({ index: logIndex(applied.index + 1), term: applied.term }, configuration, {
    set: [],
    removed: [warmId],
  });
  world.listeners.membersChanged();
  await world.run(1000);
  t.is((failure as TanistError | null)?.code, 'member-removed');
  await world.until(warm.stop());
});

test('after a long absence what changed is taken over in pieces, and survives a restart', async (t) => {
  const world = new WarmWorld();
  const all = Array.from({ length: 9000 }, (_, i) => `a/${i}`);
  const putAll = (value: string): void => {
    for (let at = 0; at < all.length; at += 500)
      world.apply(...all.slice(at, at + 500).map((key) => put(key, value)));
  };
  world.apply(policy('a/', 'critical'));
  putAll('one');
  const disk = new MemoryDisk();
  const first = await world.warm([world.source()], disk);
  await world.caughtUp(first);
  await world.until(first.stop());
  putAll('two');
  world.apply(del('a/77'));
  const after = disk.copy();
  const second = await world.warm([world.source()], after);
  await world.caughtUp(second);
  t.is((await world.differences(second)).length, 0);
  await world.run(5000);
  await world.until(second.stop());
  t.true([...after.rows('warm').keys()].filter((key) => key.startsWith('r/')).length < 9010);
  const third = await world.warm([], after.copy());
  t.is(third.status().quarantined, 0);
  t.is(third.status().keys, 9000);
  t.is((await world.differences(third)).length, 0);
  await world.until(third.stop());
});

test('a watch of latest values: each key that changed between two marks once, deletions too, and a range that begins anew ends it', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'));
  const warm = await world.warm([world.source()]);
  await world.caughtUp(warm);
  const told: string[] = [];
  const request = { ...range('a/', 'a0'), fromRevision: revision(0), previous: false, latest: true };
  let takes = true;
  const handle = warm.watches.watch(request, {
    events: ({ revision: through, events }) => {
      told.push(
        `${through}: ${events.map(({ delta }) => `${delta.op} ${delta.key} ${delta.value}`).join(', ')}`,
      );
      return takes;
    },
    ended: ({ code }) => void told.push(code),
  });
  const refused: string[] = [];
  const only = { events: () => true, ended: ({ code }: { code: string }) => void refused.push(code) };
  warm.watches.watch({ ...request, key: range('q').key, rangeEnd: range('').key }, only);
  warm.watches.watch({ ...request, fromRevision: revision(1) }, only);
  await world.run(100);
  t.deepEqual(refused, ['not-held', 'not-held']);
  const at = (): number => world.state.revision('user');
  const before = at();
  t.deepEqual(told.splice(0), [`${before}: `]);
  world.apply(put('a/2', 'x'), put('a/2', 'y'), put('q', 'other'));
  await world.caughtUp(warm);
  t.deepEqual(told.splice(0), [`${at()}: put a/2 y`]);
  takes = false;
  world.apply(del('a/1'));
  await world.caughtUp(warm);
  t.deepEqual(told.splice(0), [`${at()}: delete a/1 `]);
  // It takes no more: what comes meanwhile is kept, a key once.
  world.apply(put('a/3', '1'));
  await world.caughtUp(warm);
  world.apply(put('a/3', '2'));
  await world.caughtUp(warm);
  t.deepEqual(told, []);
  takes = true;
  handle.resume();
  t.deepEqual(told.splice(0), [`${at()}: put a/3 2`]);
  world.apply(policy('a/', 'full'));
  await world.run(1000);
  t.deepEqual(told, ['not-held']);
  t.is(warm.watches.count, 0);
  await world.until(warm.stop());
});
