import test from 'ava';
import { TanistError } from '../../src/foundation/errors.ts';
import { revision } from '../../src/foundation/ids.ts';
import { activateMutant, type MutantName } from '../../src/foundation/mutants.ts';
import type { ReplicaSource } from '../../src/ports/replication.ts';
import { decideByWord } from '../../src/replication/promotion/decide-role.ts';
import { beyondWarm } from '../../src/replication/warm/beyond-warm.ts';
import { compact, del, grant, put } from '../state/commands.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';
import { policy, through, WarmWorld, warmId } from './warm-world.ts';

/** What goes wrong with the fault, in words; empty: nothing is noticed. */
const checks: Partial<Record<MutantName, () => Promise<readonly string[]>>> = {
  'warm-digest-ignored': async () => {
    const world = new WarmWorld();
    world.apply(policy('a/', 'critical'), put('a/1', 'one'));
    let isSpoiling = false;
    const source = through(world.source(), (part) => {
      if (!isSpoiling || part.kind !== 'deltas') return part;
      return { ...part, deltas: part.deltas.slice(1) };
    });
    const warm = await world.warm([source]);
    await world.caughtUp(warm);
    isSpoiling = true;
    world.apply(put('a/1', 'two'), put('a/2', 'two'));
    await world.run(2000);
    const wrong = await world.differences(warm);
    await world.until(warm.stop());
    return wrong;
  },
  'warm-mark-before-deltas': async () => {
    const wrong: string[] = [];
    for (let at = 1; at < 40; at++) {
      const world = new WarmWorld();
      world.apply(policy('a/', 'critical'), put('a/1', 'one'));
      const disk = new MemoryDisk();
      const first = await world.warm([world.source()], disk);
      await world.caughtUp(first);
      disk.crashAt = disk.operations + at;
      for (let i = 0; i < 5; i++) {
        world.apply(put(`a/${i}`, 'new'));
        await world.run(30);
      }
      await first.stop().catch(() => undefined);
      const again = await world.warm([], disk.crash(1));
      const { held } = again.status();
      for (let i = 0; i < 5; i++) {
        const key = `a/${i}`;
        const stored =
          again.state.ranges.find(({ range }) => range.space === 'user')?.get(key as never) ?? null;
        const due = (held?.revisions.user ?? 0) >= 3 + i;
        if (due && stored?.value !== 'new') wrong.push(`crash at ${at}: ${key} is missing`);
      }
      await world.until(again.stop());
    }
    return wrong;
  },
  'delta-stream-resumes-late': async () => {
    const world = new WarmWorld();
    world.apply(policy('a/', 'critical'), put('a/1', 'one'));
    const disk = new MemoryDisk();
    const first = await world.warm([world.source()], disk);
    await world.caughtUp(first);
    await world.until(first.stop());
    world.apply(put('a/2', 'two'));
    world.apply(put('a/3', 'three'));
    const again = await world.warm([world.source()], disk.copy());
    await world.caughtUp(again);
    const wrong = await world.differences(again);
    await world.run(3000);
    const { quarantined } = again.status();
    await world.until(again.stop());
    return quarantined > 0 ? [...wrong, 'its digest is another one'] : wrong;
  },
  'scan-misses-deltas': async () => {
    const world = new WarmWorld();
    world.apply(policy('a/', 'critical'));
    for (let i = 0; i < 20; i++) world.apply(put(`a/${10 + i}`, 'old'));
    let isFirst = true;
    // What was told already changes while the rest is gone through.
    const source = through(world.source({ keysPerPiece: 4 }), (part) => {
      if (part.kind === 'values' && part.space === 'user' && isFirst) {
        isFirst = false;
        world.apply(put('a/10', 'new'), del('a/11'));
      }
      return part;
    });
    const warm = await world.warm([source]);
    await world.caughtUp(warm);
    const wrong = await world.differences(warm);
    await world.until(warm.stop());
    return isFirst ? ['nothing was gone through'] : wrong;
  },
  'never-committed-is-lag': async () => {
    const world = new WarmWorld();
    world.apply(policy('a/', 'critical'), put('a/1', 'one'));
    let sources = [beyondAll(world)];
    const warm = await world.warm(() => sources);
    await world.run(1000);
    sources = [world.source()];
    world.refusal = new TanistError('under-doubt', 'its state differs');
    world.listeners.ended();
    await world.run(50);
    world.refusal = null;
    await world.run(10_000);
    const { held, source } = warm.status();
    const wrong = [...(await world.differences(warm))];
    await world.until(warm.stop());
    if (held?.revisions.planes !== world.state.revision('planes')) wrong.push('it holds what never was');
    return source === null ? [...wrong, 'it follows nobody'] : wrong;
  },
  'members-outlive-mark': async () => {
    const world = new WarmWorld();
    world.apply(policy('a/', 'critical'), put('a/1', 'one'), grant(7n, 9000));
    const disk = new MemoryDisk();
    let sources = [beyondAll(world)];
    const warm = await world.warm(() => sources, disk);
    await world.run(1000);
    // What it held was never committed, and from then on it is fed no more: it is cold by now.
    sources = [through(world.source(), onlyRefusals, 'h')];
    world.listeners.ended();
    await world.run(10_000);
    const { state } = warm;
    const wrong = state.meta === null ? [] : ['it holds what never was'];
    if (state.leases.size > 0) wrong.push('it holds leases of it');
    const facts = world.feed.members().map((one) => (one.id === warmId ? { ...one, tier: 'cold' } : one));
    const own = beyondWarm(warmId, warm).said(null);
    const word = {
      ...own,
      id: world.feed.id,
      tier: 'hot',
      lineage: world.lineage,
      applied: 9,
      members: facts,
    };
    if (decideByWord(own, word).do !== 'become') wrong.push('it is told that it is cold, and stays');
    await world.until(warm.stop());
    const left = [...disk.rows('warm').keys()].filter((key) => key === 'members' || key.startsWith('l'));
    return [...wrong, ...left.map((key) => `row ${key} is left`)];
  },
  'warm-scrub-misses-vanished': async () => {
    const world = new WarmWorld();
    world.apply(policy('a/', 'critical'));
    for (let i = 0; i < 30; i++) world.apply(put(`a/${10 + i}`, `${i}`));
    const disk = new MemoryDisk();
    const warm = await world.warm([world.source()], disk, {
      scrub: { bytesPerSecond: 1 << 20, pauseMs: 1000 },
    });
    await world.caughtUp(warm);
    const rows = [...disk.rows('warm').keys()].filter((name) => name.includes('/a/'));
    for (const at of [0, 7, 29]) disk.contents.get('warm')!.unsynced.push([{ type: 'del', key: rows[at]! }]);
    // It finds them while changes come in, and takes nothing for gone that is on its way.
    for (let i = 0; i < 50; i++) {
      world.apply(put(`a/${10 + (i % 40)}`, 'new'), del(`a/${10 + ((i + 5) % 40)}`));
      await world.run(100);
    }
    const { quarantined } = warm.status();
    await world.until(warm.stop());
    const again = await world.warm([], disk.copy());
    const wrong = [...(await world.differences(again))];
    await world.until(again.stop());
    return quarantined === 1 ? wrong : [...wrong, `noticed ${quarantined} times`];
  },
  'compaction-past-follower': () => afterCompaction(),
  'replace-keeps-old-values': () => afterCompaction(),
  'warm-keeps-lost-ranges': async () => {
    const world = new WarmWorld();
    world.apply(policy('a/', 'critical'), policy('b/', 'critical'), put('a/1', 'one'), put('b/1', 'one'));
    const warm = await world.warm([world.source()]);
    await world.caughtUp(warm);
    world.apply(policy('b/', 'full'));
    await world.run(1000);
    const held = warm.status().held?.ranges ?? [];
    await world.until(warm.stop());
    return held.filter(({ key }) => key === 'b/').map(({ key }) => `${key} is held on`);
  },
};

/** A hot node whose state took a change that nobody else's took. */
function beyondAll(world: WarmWorld): ReplicaSource {
  return through(
    world.source(),
    (part) => {
      if (part.kind !== 'mark') return part;
      const planes = revision(part.revisions.planes + 1);
      return { ...part, revisions: { ...part.revisions, planes } };
    },
    'odd',
  );
}

const onlyRefusals = (): never => {
  throw new TanistError('unknown-member', 'it is cold in this cluster, not warm');
};

/** A replica is away while a key is deleted and the deletion compacted: what it holds is told anew, and that key is not among it. */
async function afterCompaction(): Promise<readonly string[]> {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'), put('a/2', 'two'));
  const disk = new MemoryDisk();
  const first = await world.warm([world.source()], disk);
  await world.caughtUp(first);
  await world.until(first.stop());
  world.apply(del('a/1'));
  world.apply(put('a/3', 'three'), put('a/3', 'four'));
  world.apply(compact(world.state.revision('user')));
  const again = await world.warm([world.source()], disk.copy());
  await world.caughtUp(again);
  const wrong = await world.differences(again);
  await world.until(again.stop());
  return wrong;
}

test.afterEach.always(() => activateMutant(null));

for (const [name, check] of Object.entries(checks) as [MutantName, () => Promise<readonly string[]>][])
  test.serial(`${name} is found, and nothing without it`, async (t) => {
    t.deepEqual(await check(), []);
    activateMutant(name);
    t.true((await check()).length > 0);
  });

test.serial('a source that may lag itself does not take away what a replica holds', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'));
  let sources = [beyondAll(world)];
  const warm = await world.warm(() => sources);
  await world.run(1000);
  world.isCaughtUp = false;
  sources = [world.source()];
  world.listeners.ended();
  await world.run(5000);
  t.is(warm.status().held?.ranges.length, 3);
  t.is(warm.status().quarantined, 0);
  await world.until(warm.stop());
});
