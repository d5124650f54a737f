import { access } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/api/system-clock.ts';
import { LatePlanes } from '../../src/cli/dependencies/late-planes.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import type { CallOptions } from '../../src/ports/state-client.ts';
import { fakePackage } from './fake-registry.ts';
import { get, until } from './fleet.ts';
import { MemoryState } from './memory-state.ts';
import { setting } from './setting.ts';

const wanted = fakePackage('wanted', 1000);
const path = '/wanted/-/wanted-1.0.0.tgz';

test('an agent starts without the registry, says so once, and joins when it answers', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  fleet.state.failure = new TanistError('unavailable', 'no cluster');
  const agent = await fleet.agent('own', upstream.url, { leaseTtlMs: 100 });
  t.false(agent.stats().joined);
  t.true((await get(agent.address, path)).body.equals(wanted.tarball));
  const gets = fleet.state.counts.get ?? 0;
  await until(() => (fleet.state.counts.get ?? 0) > gets + 2);
  t.is(fleet.said.filter((line) => line.includes('the registry does not answer')).length, 1);
  fleet.state.failure = null;
  await until(() => agent.stats().joined);
  await t.throwsAsync(fleet.agent('own', upstream.url), { code: 'sandbox-exists' });
});

test('a cluster that comes later is connected to; calls before fail as the attempt did', async (t) => {
  const state = new MemoryState();
  let attempts = 0;
  let isUp = false;
  const planes = new LatePlanes(async () => {
    attempts++;
    if (!isUp) throw new TanistError('unavailable', 'no cluster');
    return { state, close: async () => undefined };
  }, systemClock);
  t.teardown(() => planes.close());
  await t.throwsAsync(planes.state.get('x'), { code: 'unavailable' });
  t.is(attempts, 1);
  isUp = true;
  await until(async () => (await planes.state.get('x').catch(() => null)) !== null);
  await planes.state.put('x', 'y');
  t.is((await state.get('x')).values.length, 1);
  for await (const { events } of planes.state.watch('x')) {
    t.deepEqual(events, []);
    break;
  }
});

/** As a frozen cluster: calls end with their deadlines, those without one never. */
function freeze(state: MemoryState): void {
  const hang = (...call: readonly unknown[]): Promise<never> => {
    const { deadlineMs } = (call.at(-1) ?? {}) as CallOptions;
    return new Promise((_, reject) => {
      const late = new TanistError('deadline-exceeded', 'no answer');
      if (deadlineMs !== undefined) setTimeout(() => reject(late), 20);
    });
  };
  for (const name of ['get', 'put', 'txn', 'grantLease', 'revokeLease', 'keepLeaseAlive', 'delete'] as const)
    Object.assign(state, { [name]: hang });
}

test('metadata that upstream calls unchanged does not wait for a registry that is frozen', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  upstream.etags = true;
  const agent = await fleet.agent('own', upstream.url, { metadataTtlMs: 0 });
  await get(agent.address, '/wanted');
  await until(async () => {
    await get(agent.address, '/wanted');
    return agent.stats().counts.revalidations > 0;
  });
  const before = agent.stats().counts.revalidations;
  freeze(fleet.state);
  for (let i = 0; i < 5; i++) t.is((await get(agent.address, '/wanted')).status, 200);
  t.is(agent.stats().counts.revalidations, before + 5);
});

test('a stop does not wait for a registry that is frozen: the cache is closed, and it ends', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const cacheFolder = await fleet.folder();
  const agent = await fleet.agent('own', upstream.url, { cacheFolder });
  await get(agent.address, path);
  freeze(fleet.state);
  const stopping = agent.stop();
  const closed = join(cacheFolder, 'closed');
  await until(() =>
    access(closed).then(
      () => true,
      () => false,
    ),
  );
  await stopping;
  t.pass();
});
