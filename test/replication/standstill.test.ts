import test, { type ExecutionContext } from 'ava';
import { TanistError } from '../../src/foundation/errors.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { contentOfWarm } from '../../src/replication/warm/warm-content.ts';
import type { WarmReplica } from '../../src/replication/warm/warm-replica.ts';
import { put, range } from '../state/commands.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';
import { policy, WarmWorld } from './warm-world.ts';

/** A disk whose tables are found damaged when they are looked at. */
class DamagedDisk extends MemoryDisk {
  damage: string | null = null;

  override async remove(name: string): Promise<void> {
    if (this.gate !== null) await this.gate;
    await super.remove(name);
  }

  override async replace(...args: Parameters<MemoryDisk['replace']>): Promise<void> {
    await super.replace(...args);
    this.damage = null;
  }

  override async open(name: string): ReturnType<MemoryDisk['open']> {
    const opened = await super.open(name);
    opened.database.inspect = async () => this.damage;
    return opened;
  }
}

async function begun(disk: MemoryDisk): Promise<{ readonly world: WarmWorld; readonly warm: WarmReplica }> {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'));
  const warm = await world.warm([world.source()], disk);
  await world.caughtUp(warm);
  return { world, warm };
}

/** What the source has, also when it is opened again from its disk. */
async function holdsAll(
  t: ExecutionContext,
  world: WarmWorld,
  warm: WarmReplica,
  disk: MemoryDisk,
): Promise<void> {
  await world.caughtUp(warm);
  t.deepEqual(await world.differences(warm), []);
  await world.until(warm.stop());
  const again = await world.warm([], disk.copy());
  t.is(again.status().quarantined, 0);
  t.deepEqual(await world.differences(again), []);
  await world.until(again.stop());
}

async function keysHeld(world: WarmWorld, warm: WarmReplica): Promise<number | null> {
  const content = contentOfWarm(warm.state, warm.ageMs);
  if (content === null) return null;
  let keys = 0;
  for await (const values of content.values('user')) {
    await world.run(1000);
    keys += values.length;
  }
  return keys;
}

test.serial(
  'who waits until nothing is taken is told that the disk is full; else nothing could be done until it has room',
  async (t) => {
    t.teardown(() => activateMutant(null));
    const disk = new MemoryDisk();
    const { world, warm } = await begun(disk);
    disk.failWrites = new TanistError('disk-full', 'full');
    world.apply(put('a/2', 'two'));
    await world.run(1000);
    await t.throwsAsync(world.until(warm.pause()), { code: 'disk-full' } as never);
    warm.resume();
    activateMutant('pause-waits-for-room');
    let isOver = false;
    const paused = warm.pause().finally(() => {
      isOver = true;
    });
    await world.run(60_000);
    t.false(isOver);
    // What was taken before is written, and not lost.
    disk.failWrites = null;
    await world.until(paused);
    warm.resume();
    world.apply(put('a/3', 'three'));
    await holdsAll(t, world, warm, disk);
  },
);

test('what is held is not given up while it is read for another role, and nothing is taken meanwhile', async (t) => {
  for (const first of ['scrub', 'pause'] as const) {
    const disk = new DamagedDisk();
    const { world, warm } = await begun(disk);
    disk.damage = 'table 7 is wrong';
    // A write under way holds both up.
    let goOn = (): void => {};
    disk.gate = new Promise((resolve) => {
      goOn = resolve;
    });
    world.apply(put('a/2', 'two'));
    await world.run(100);
    const scrubbed = first === 'scrub' ? warm.scrub() : null;
    await world.run(20);
    const paused = warm.pause();
    const late = scrubbed ?? warm.scrub();
    goOn();
    disk.gate = null;
    await world.until(paused);
    world.apply(put('a/3', 'three'));
    t.is(await keysHeld(world, warm), 2, first);
    t.deepEqual(
      await world.until(late),
      ['table 7 is wrong'].map((what) => `table ${what}`),
    );
    t.is(await keysHeld(world, warm), 2, first);
    warm.resume();
    // The next pass finds it again.
    const scrub = warm.scrub();
    await world.until(scrub);
    t.is(warm.status().quarantined, 1, first);
    disk.damage = null;
    await world.caughtUp(warm);
    t.deepEqual(await world.differences(warm), []);
    await world.until(warm.stop());
  }
});

test('a damaged table is given up with its database, once: no other pass finds it again', async (t) => {
  const disk = new DamagedDisk();
  const { world, warm } = await begun(disk);
  disk.damage = 'wrong';
  t.deepEqual(await world.until(warm.scrub()), ['table wrong']);
  await world.caughtUp(warm);
  t.deepEqual(await world.until(warm.scrub()), []);
  t.is(warm.status().quarantined, 1);
  t.true(disk.contents.has('warm.evidence'));
  world.apply(put('a/2', 'two'));
  await holdsAll(t, world, warm, disk);
});

test('whoever waits while it is given up finds nothing held', async (t) => {
  const disk = new DamagedDisk();
  const { world, warm } = await begun(disk);
  disk.damage = 'wrong';
  let goOn = (): void => {};
  const scrubbed = warm.scrub();
  disk.gate = new Promise((resolve) => {
    goOn = resolve;
  });
  await world.run(100);
  let isStill = false;
  const paused = warm.pause().then(() => {
    isStill = true;
  });
  await world.run(100);
  t.false(isStill);
  // Readers do not wait.
  t.like(warm.read(range('a/1')), { code: 'not-held' });
  goOn();
  await world.until(paused);
  t.is(await keysHeld(world, warm), null);
  await world.until(scrubbed);
  // It is held still by the one alone that is left.
  await world.run(5000);
  t.is(warm.status().held, null);
  disk.damage = null;
  warm.resume();
  await world.caughtUp(warm);
  t.deepEqual(await world.differences(warm), []);
  await world.until(warm.stop());
});
