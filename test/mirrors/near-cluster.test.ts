import test from 'ava';
import { connect } from '../../src/client/index.ts';
import { openMirrors } from '../../src/mirrors/index.ts';
import type { StateClient } from '../../src/ports/state-client.ts';
import { eventually, startCluster } from '../api/members/member-cluster.ts';
import { FakeOrigin } from './fake-origin.ts';

const patient = { clusterMs: 30_000, leaseMs: 30_000, startMs: 30_000 };

test('a warm replica serves the mirrors of its consumer; it is killed, comes back, and outlives the quorum', async (t) => {
  t.timeout(170_000);
  const { client, members, config, start, stop } = await startCluster(t, ['h0', 'h1', 'h2', 'w0']);
  await client.setPolicy('mirrors/live/', { tier: 'critical' });
  const address = config.nodes.find(({ id }) => String(id) === 'w0')?.client ?? '';
  let reads = 0;
  const planes = client.inSpace('planes');
  const spy: StateClient = new Proxy(planes as StateClient, {
    get: (target, name: keyof StateClient) => {
      const value = target[name] as unknown;
      if (typeof value !== 'function') return value;
      return (key: unknown, ...rest: unknown[]): unknown => {
        if ((name === 'get' || name === 'watch') && String(key).startsWith('mirrors/live/')) reads++;
        return value.call(target, key, ...rest);
      };
    },
  });
  await eventually(async () => {
    const [replica] = await planes.replicas([address]);
    return (await replica?.get('mirrors/live/', { prefix: true }).catch(() => null))?.count === 0;
  });
  const hot = config.nodes.find(({ id }) => String(id) === 'h0')?.client ?? '';
  for (const endpoint of [address, hot]) {
    const [replica] = await planes.replicas([endpoint]);
    const ending = new AbortController();
    const watched = replica!.watch('mirrors/live/', { prefix: true, signal: ending.signal });
    let told = 0;
    const watching = (async () => {
      for await (const { revision } of watched) told = revision;
    })();
    await eventually(async () => told > 0);
    // Nothing that is watched changes, and a hot one says so only when it is asked.
    const { revision } = await planes.put('elsewhere', 'x');
    await eventually(async () => {
      watched.requestProgress();
      return told >= revision;
    });
    ending.abort();
    await watching;
  }
  const origin = new FakeOrigin();
  origin.documents.set('a', { n: 1 });
  const sources = { s: { origin: { kind: 'own', name: 'fake' }, freshForMs: 600_000, refresh: 'on-demand' } };
  const may = { own: { fake: origin } };
  await using writer = await openMirrors(planes, { sources, may, ...patient });
  await writer.poll('s/a');
  await using mirrors = await openMirrors(spy, { sources, may, ...patient, near: {} });
  const polled = async (n: number, endpoint: string | null): Promise<void> =>
    await eventually(async () => {
      const { value, replica, hit } = await mirrors.poll('s/a');
      t.not(hit, 'direct');
      return (value as { n: number }).n === n && (replica?.endpoint ?? null) === endpoint;
    });
  const changed = async (n: number): Promise<void> => {
    origin.documents.set('a', { n });
    await writer.refresh('s/a');
  };
  await polled(1, address);
  await changed(2);
  await polled(2, address);
  t.is(reads, 0);
  await stop('w0');
  await changed(3);
  await polled(3, null);
  await start('w0');
  await polled(3, address);
  await changed(4);
  await polled(4, address);
  await Promise.all(['h0', 'h1'].map((id) => members.has(id) && stop(id)));
  const own = await connect({ endpoints: address, space: 'planes' });
  await using alone = await openMirrors(own, {
    sources,
    may,
    clusterMs: 300,
    leaseMs: 30_000,
    startMs: 30_000,
    near: { endpoints: [address] },
  });
  const { value, hit, fresh, replica } = await alone.poll('s/a');
  t.deepEqual([value, hit, fresh, replica?.endpoint], [{ n: 4 }, 'fresh', true, address]);
  await alone.close();
  await own.close({ drainMs: 0 });
  await Promise.all(['h0', 'h1'].map(start));
});
