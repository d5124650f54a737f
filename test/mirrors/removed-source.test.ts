import test from 'ava';
import { defineSource, removeSource } from '../../src/mirrors/sdk/administration.ts';
import type { StateClient } from '../../src/ports/state-client.ts';
import { codeOf, source, world } from './world.ts';

/** As `client`, but what its watches tell is held back once `isDeaf` says so. */
function deaf(client: StateClient, isDeaf: () => boolean): StateClient {
  return new Proxy(client, {
    get(target, name: keyof StateClient) {
      if (name !== 'watch') return (target[name] as (...all: unknown[]) => unknown).bind(target);
      return async function* (...call: Parameters<StateClient['watch']>) {
        for await (const batch of target.watch(...call)) if (!isDeaf()) yield batch;
      };
    },
  });
}

for (const mirror of [true, false])
  test(`a removed source does not come back by who has not heard of it, mirror: ${mirror}`, async (t) => {
    const { clock, cluster, origin, open, close } = world();
    const client = cluster.client();
    await defineSource(client, 'r', { ...source, freshForMs: 1000, mirror });
    let isDeaf = false;
    const mirrors = await open(
      {},
      clock,
      deaf(cluster.client(), () => isDeaf),
    );
    t.deepEqual((await mirrors.poll('r/a')).value, { cpu: 1 });
    await clock.advance(100);
    isDeaf = true;
    t.true(await removeSource(client, 'r'));
    await clock.advance(2000);
    const calls = origin.asked.length;
    t.is(await codeOf(mirrors.poll('r/a', { mirror })), 'source-unknown');
    t.is(await codeOf(mirrors.poll('r/b')), 'source-unknown');
    await mirrors.ask('r/a');
    t.is(origin.asked.length, calls, 'nor is the origin asked');
    t.deepEqual((await client.get('mirrors/live/', { prefix: true })).values, []);
    await close();
  });
