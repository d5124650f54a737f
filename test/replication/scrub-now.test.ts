import test, { type ExecutionContext } from 'ava';
import type { HotNodes } from '../../src/api/replication/hot-nodes.ts';
import { ReplicaNode, type ServedReplica } from '../../src/api/replication/replica-node.ts';
import { servedCold } from '../../src/api/replication/served-cold.ts';
import { servedWarm } from '../../src/api/replication/served-warm.ts';
import type { TanistError } from '../../src/foundation/errors.ts';
import { nodeId } from '../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../src/foundation/limits.ts';
import { silentLog } from '../../src/ports/node-log.ts';
import { defaultColdOptions } from '../../src/replication/cold/cold-options.ts';
import { ColdReplica } from '../../src/replication/cold/cold-replica.ts';
import { openColdStore } from '../../src/replication/cold/open-cold-store.ts';
import { DeltaSource } from '../../src/replication/source/delta-source.ts';
import { latestParts } from '../../src/replication/source/latest-parts.ts';
import { put } from '../state/commands.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';
import { policy, WarmWorld } from './warm-world.ts';

/** Nothing is read in the background. */
const scrub = { bytesPerSecond: 0, pauseMs: 60_000 };

function nodeOf(tier: 'warm' | 'cold', replica: ServedReplica): ReplicaNode {
  const hotNodes = { routing: null, silentMs: () => 0, bytesReceived: 0 } as unknown as HotNodes;
  return new ReplicaNode({
    id: nodeId('w'),
    tier,
    clusterId: 'c',
    requestLimits: defaultRequestLimits,
    replica,
    hotNodes,
    configured: [],
    prediction: null,
  });
}

function spoil(disk: MemoryDisk, database: string, end: string): void {
  const [key, value] = [...disk.rows(database)].find(
    ([name]) => name.startsWith('r/') && name.includes(end),
  )!;
  const row = Uint8Array.from(value);
  row[10] = row[10]! ^ 1;
  disk.contents.get(database)!.unsynced.push([{ type: 'put', key, value: row }]);
}

async function asHot(
  t: ExecutionContext,
  world: WarmWorld,
  node: ReplicaNode,
  damage: () => void,
): Promise<void> {
  t.like(node.inspect().scrub, { passes: 0, bytes: 0, faults: 0 });
  t.deepEqual(await world.until(node.scrub()), []);
  const { passes, bytes } = node.inspect().scrub;
  t.is(passes, 1);
  t.true(bytes > 0);
  damage();
  const found = await world.until(node.scrub());
  t.is(found.length, 1);
  t.like(node.inspect().scrub, { passes: 2, faults: 1, lastFault: found[0], phase: 'waiting' });
}

test('a warm replica that is asked to scrub does, and says what it found', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'), put('a/1', 'one'), put('a/2', 'two'));
  const disk = new MemoryDisk();
  const warm = await world.warm([world.source()], disk, { scrub });
  await world.caughtUp(warm);
  const node = nodeOf('warm', servedWarm(warm));
  await asHot(t, world, node, () => spoil(disk, 'warm', 'a/2'));
  t.deepEqual(await world.until(node.scrub()), []);
  await world.until(warm.stop());
  await t.throwsAsync(node.scrub(), { code: 'stopping' } as Partial<TanistError>);
});

test('a cold replica that is asked to scrub does, says what it found, and fetches it anew', async (t) => {
  const world = new WarmWorld();
  world.apply(put('a/1', 'one'), put('a/2', 'two'));
  const disk = new MemoryDisk();
  const store = await openColdStore(disk, {
    retention: { keep: 4, keepForMs: 0 },
    wallMs: () => world.clock.wallMs(),
  });
  const source = new DeltaSource({ feed: coldFeed(world), latest: latestParts });
  const cold = new ColdReplica(
    { ...defaultColdOptions, id: nodeId('w'), scrub },
    {
      clock: world.clock,
      nodeLog: silentLog,
      store,
      directory: { offers: async () => [{ source, leads: true, followers: 0, roundTripMs: 1 }] },
      vitals: () => ({ memoryUsed: 0, diskFree: 1 }),
      membersChanged: () => {},
      tidied: () => {},
      broken: () => {},
    },
  );
  await world.until(cold.take());
  const node = nodeOf('cold', servedCold(cold, defaultRequestLimits));
  await asHot(t, world, node, () => spoil(disk, 'cold', 'a/2'));
  await world.run(5000, () => cold.trouble === null);
  t.deepEqual(await world.until(node.scrub()), []);
  await world.until(cold.stop());
  await t.throwsAsync(node.scrub(), { code: 'stopping' } as Partial<TanistError>);
});

/** To its source the replica is a cold member. */
function coldFeed(world: WarmWorld): WarmWorld['feed'] {
  const { feed } = world;
  return {
    ...feed,
    members: () => feed.members().map((one) => (one.id === 'w' ? { ...one, tier: 'cold' } : one)),
  };
}
