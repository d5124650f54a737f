import test from 'ava';
import { asBuffer } from '../../src/foundation/bytes.ts';
import type { Near } from '../../src/nearest/feeds.ts';
import { nearOf } from '../../src/nearest/near-options.ts';
import { NearView } from '../../src/nearest/near-view.ts';
import { isClearlyNearer, remoteness } from '../../src/nearest/place.ts';
import { MemoryCluster } from '../mirrors/memory-cluster.ts';
import { NearReplica, nearClient } from '../mirrors/near-world.ts';
import { TestClock } from '../mirrors/test-clock.ts';

function nearWorld(near: Near = nearOf({ zone: 'b' }, ['hot', 'warm'])) {
  const clock = new TestClock();
  const cluster = new MemoryCluster(clock);
  const replicas = [
    new NearReplica(cluster, clock, 'far', 1, { zone: 'a' }),
    new NearReplica(cluster, clock, 'own', 20, { zone: 'b' }),
  ];
  const { client, state } = nearClient(cluster, replicas);
  const view = new NearView(client, near, clock);
  /** Who answered, with the value. */
  const read = async (): Promise<string> => {
    const reading = view.get('mirrors/live/k');
    reading.catch(() => undefined);
    await clock.advance(100);
    const { endpoint, values } = await reading;
    return `${endpoint ?? 'cluster'}: ${asBuffer(values[0]?.value ?? Buffer.of()).toString()}`;
  };
  return { clock, cluster, replicas, client, state, view, read };
}

test('reads go to the own zone, else to the next nearest, else to the cluster, and back when it is back', async (t) => {
  const { clock, cluster, client, replicas, read } = nearWorld();
  const [far, own] = replicas;
  await client.put('mirrors/live/k', '1');
  t.is(await read(), 'own: 1');
  own!.down = true;
  t.is(await read(), 'far: 1');
  const { reads } = own!;
  t.is(await read(), 'far: 1');
  t.is(own!.reads, reads, 'who failed is left alone for a while');
  far!.holds = false;
  t.is(await read(), 'cluster: 1');
  far!.holds = true;
  t.is(await read(), 'far: 1', 'who does not hold the keys of one read may hold those of another');
  own!.down = false;
  await clock.advance(2000);
  t.is(await read(), 'own: 1');
  cluster.close();
});

test('one that lags is passed over, but where nobody else answers what lags least is told with its age', async (t) => {
  const { cluster, client, replicas, state, view, clock, read } = nearWorld();
  const [far, own] = replicas;
  await client.put('mirrors/live/k', '1');
  own!.ageMs = 9000;
  t.is(await read(), 'far: 1');
  far!.ageMs = 8000;
  t.is(await read(), 'cluster: 1');
  state.quorum = false;
  const reading = view.get('mirrors/live/k');
  await clock.advance(100);
  t.like(await reading, { endpoint: 'far', ageMs: 8000 });
  cluster.close();
});

test('however many are asked, the time is the one that the caller gave', async (t) => {
  const { cluster, client, replicas, clock } = nearWorld();
  for (const replica of replicas) {
    replica.roundTripMs = 300;
    replica.down = true;
  }
  const deadlines: (number | undefined)[] = [];
  const spy: typeof client = new Proxy(client, {
    get: (target, name: keyof typeof client) =>
      name === 'get'
        ? (...call: Parameters<typeof client.get>) => {
            deadlines.push(call[1]?.deadlineMs);
            return client.get(...call);
          }
        : target[name],
  });
  const view = new NearView(spy, nearOf({ zone: 'b' }, ['hot', 'warm']), clock);
  const reading = view.get('mirrors/live/k', { deadlineMs: 1000 });
  await clock.advance(2000);
  t.is((await reading).endpoint, null);
  // 300 ms to find out how far they are, 300 ms each.
  t.deepEqual(deadlines, [100]);
  cluster.close();
});

test('a prefix is followed near by as mirrors are: all that there is, then each change, over replicas that go', async (t) => {
  const { clock, cluster, client, replicas, view, state } = nearWorld();
  await client.put('mirrors/live/k', '1');
  const ending = new AbortController();
  const told: string[] = [];
  const following = (async () => {
    for await (const part of view.follow('mirrors/live/', ending.signal)) {
      const name = part.feed.replica?.endpoint ?? 'cluster';
      if (part.kind === 'all') told.push(`${name}: all ${part.found.map(({ value }) => String(value))}`);
      if (part.kind !== 'changes') continue;
      for (const { keyValue } of part.batch.events) told.push(`${name}: ${String(keyValue.value)}`);
    }
  })();
  await clock.advance(1000);
  await client.put('mirrors/live/k', '2');
  await clock.advance(100);
  replicas[1]!.down = true;
  await clock.advance(1000);
  await client.put('mirrors/live/k', '3');
  await clock.advance(1000);
  replicas[1]!.down = false;
  await clock.advance(70_000);
  await client.put('mirrors/live/k', '4');
  await clock.advance(1000);
  ending.abort();
  await following;
  t.deepEqual(told, ['own: all 1', 'own: 2', 'far: all 2', 'far: 3', 'own: all 3', 'own: 4']);
  t.is(state.reads, 0);
  cluster.close();
});

test('zones and regions come before round trips, and a move must be worth it', (t) => {
  const place = { zone: 'a', region: 'r' };
  t.deepEqual(
    [{ zone: 'a', region: 'other' }, { zone: 'b', region: 'r' }, { zone: 'b' }, {}].map((its) =>
      remoteness(place, its),
    ),
    [0, 1, 2, 2],
  );
  t.is(remoteness({}, { zone: 'a' }), 2);
  const near = { remoteness: 1, roundTripMs: 10 };
  t.true(isClearlyNearer({ remoteness: 0, roundTripMs: 500 }, near));
  t.false(isClearlyNearer({ remoteness: 1, roundTripMs: 6 }, near));
  t.true(isClearlyNearer({ remoteness: 1, roundTripMs: 3 }, near));
  t.false(isClearlyNearer({ remoteness: 2, roundTripMs: 0 }, near));
});
