import test from 'ava';
import { nodeId } from '../../src/foundation/ids.ts';
import { silentLog } from '../../src/ports/node-log.ts';
import { type ColdReplicaPorts, defaultColdOptions } from '../../src/replication/cold/cold-options.ts';
import { ColdReplica } from '../../src/replication/cold/cold-replica.ts';
import type { Pace } from '../../src/replication/cold/scrub.ts';
import { put } from '../state/commands.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';
import { policy, WarmWorld } from './warm-world.ts';

const scrub = { bytesPerSecond: 64 * 1024, pauseMs: 3_600_000 };
/** A piece may be read ahead. */
const pieceBytes = 256 * 1024 + 16 * 1024;

test('a warm replica reads its rows at the rate of the config, soon after each start', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'));
  for (let i = 0; i < 128; i++) world.apply(put(`a/${i}`, 'x'.repeat(8 * 1024)));
  const disk = new MemoryDisk();
  for (let start = 0; start < 2; start++) {
    const warm = await world.warm([world.source()], disk, { scrub });
    await world.caughtUp(warm);
    await world.run(6000);
    let { bytes } = warm.scrubStatus;
    t.true(bytes > 0, 'it has begun');
    for (let s = 0; s < 10; s++) {
      await world.run(1000);
      const now = warm.scrubStatus.bytes;
      t.true(now - bytes <= pieceBytes, `${now - bytes} bytes in a second`);
      bytes = now;
    }
    t.true(bytes <= 11 * scrub.bytesPerSecond + pieceBytes, `${bytes} in 11 s`);
    t.is(warm.scrubStatus.passes, 0);
    await world.run(10_000);
    t.is(warm.scrubStatus.passes, 1);
    t.true(warm.scrubStatus.bytes >= 1024 * 1024);
    await world.until(warm.stop());
  }
});

test('a cold replica reads its rows at the rate of the config, soon after its start', async (t) => {
  const world = new WarmWorld();
  const ports = {
    clock: world.clock,
    nodeLog: silentLog,
    store: {
      newest: null,
      trouble: null,
      held: () => null,
      seen: () => null,
      tidyStep: async () => false,
      scrub: async (pace: Pace) => {
        for (let i = 0; i < 8; i++) await pace(128 * 1024);
        return null;
      },
    },
    directory: { offers: async () => [] },
    vitals: () => ({ memoryUsed: 0, diskFree: 1 }),
    membersChanged: () => {},
    tidied: () => {},
    broken: () => {},
  } as unknown as ColdReplicaPorts;
  const cold = new ColdReplica({ ...defaultColdOptions, id: nodeId('cold'), scrub }, ports);
  cold.start();
  await world.run(5000 + 10_000);
  const { bytes } = cold.scrubStatus;
  t.true(bytes > 0 && bytes <= 10 * scrub.bytesPerSecond + 128 * 1024, `${bytes} in 10 s`);
  await world.run(7000);
  t.like(cold.scrubStatus, { passes: 1, bytes: 1024 * 1024, faults: 0 });
  await cold.stop();
});
