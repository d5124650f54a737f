import test from 'ava';
import { connect } from '../../src/client/connect.ts';
import { connectEtcd } from '../../src/client/etcd/connect-etcd.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import { parseSource } from '../../src/mirrors/config/parse-config.ts';
import { defineSource, openMirrors } from '../../src/mirrors/index.ts';
import { Refresher } from '../../src/mirrors/refresh/refresher.ts';
import { etcdOrigin } from '../../src/mirrors/sources/etcd-origin.ts';
import type { StateClient } from '../../src/ports/state-client.ts';
import { startRealEtcd } from '../api/etcd/differential/real-etcd.ts';
import { startEtcdCluster, tool } from '../api/etcd/etcd-cluster.ts';
import { MemoryCluster } from './memory-cluster.ts';
import { settle, TestClock } from './test-clock.ts';
import { world } from './world.ts';

const hosts = {
  origin: { kind: 'etcd', endpoints: ['x:1'], prefix: 'hosts/{key}/' },
  freshForMs: 3_600_000,
  refresh: 'on-demand',
};

/** Another cluster, whose reads are counted and whose watches can be broken. */
function other(cluster: MemoryCluster) {
  const client = cluster.client('user');
  const watches: AbortController[] = [];
  const counted = { reads: 0, watches, down: false };
  const origin: StateClient = Object.create(client, {
    get: {
      value: (...args: Parameters<StateClient['get']>) => {
        counted.reads++;
        return client.get(...args);
      },
    },
    watch: {
      async *value(...[key, options]: Parameters<StateClient['watch']>) {
        if (counted.down) throw new TanistError('unavailable', 'down');
        const broken = new AbortController();
        watches.push(broken);
        const { signal } = options ?? {};
        const either = AbortSignal.any([broken.signal, ...(signal === undefined ? [] : [signal])]);
        yield* client.watch(key, { ...options, signal: either });
        if (broken.signal.aborted) throw new TanistError('unavailable', 'broken');
      },
    },
  });
  return { client, counted, etcd: async () => ({ client: origin, close: async () => undefined }) };
}

test('a change of a key in another etcd is looked at as it comes, once, and nothing else is', async (t) => {
  const elsewhere = new MemoryCluster(new TestClock());
  const { client, counted, etcd } = other(elsewhere);
  const { clock, open, close } = world(hosts);
  await client.put('hosts/h1/cpu', '4');
  await client.put('hosts/h2/cpu', '8');
  const mirrors = await open({ may: { etcd } });
  const refresher = new Refresher(mirrors);
  refresher.start();
  t.deepEqual((await mirrors.poll('s/h1')).value, { cpu: 4 });
  await mirrors.poll('s/h2');
  await clock.advance(2000);
  const before = counted.reads;
  await clock.advance(60_000);
  t.is(counted.reads, before);
  await client.put('hosts/h1/cpu', '16');
  await client.put('hosts/h1/os', '"linux"');
  await client.put('hosts/h3/cpu', '1');
  await client.put('elsewhere/h1/cpu', '1');
  await clock.advance(1000);
  t.deepEqual(mirrors.peek('s/h1')?.value, { cpu: 16, os: 'linux' });
  t.true(mirrors.peek('s/h1')?.fresh);
  t.true(counted.reads - before <= 2, `${counted.reads - before} reads for two changes of one resource`);
  await client.delete('hosts/h2/cpu');
  await clock.advance(1000);
  t.is(mirrors.live.entries.get('s/h2')?.check?.gone, true);
  await refresher.stop();
  await close();
  elsewhere.close();
});

test('what changed while the watch was down is looked at when it stands again; then it is followed', async (t) => {
  const elsewhere = new MemoryCluster(new TestClock());
  const { client, counted, etcd } = other(elsewhere);
  const { clock, open, close } = world(hosts);
  await client.put('hosts/h1/cpu', '4');
  const troubles: string[] = [];
  const mirrors = await open({ may: { etcd }, onTrouble: ({ message }) => troubles.push(message) });
  const refresher = new Refresher(mirrors);
  refresher.start();
  await mirrors.poll('s/h1');
  await clock.advance(2000);
  counted.down = true;
  counted.watches.at(-1)!.abort();
  await settle();
  await client.put('hosts/h1/cpu', '5');
  await clock.advance(10_000);
  t.deepEqual(mirrors.peek('s/h1')?.value, { cpu: 4 });
  t.regex(troubles.join(), /source s are not followed/);
  counted.down = false;
  await clock.advance(40_000);
  t.deepEqual(mirrors.peek('s/h1')?.value, { cpu: 5 });
  await client.put('hosts/h1/cpu', '6');
  await clock.advance(1000);
  t.deepEqual(mirrors.peek('s/h1')?.value, { cpu: 6 });
  await refresher.stop();
  await close();
  elsewhere.close();
});

test('one connection to the other etcd, however often that cannot be asked; one that could not be made is made later', async (t) => {
  const elsewhere = new MemoryCluster(new TestClock());
  const client = elsewhere.client('user');
  await client.put('hosts/h1/cpu', '1');
  let connects = 0;
  let down = true;
  const failing: StateClient = Object.create(client, {
    get: {
      value: (...args: Parameters<StateClient['get']>) =>
        down ? Promise.reject(new TanistError('unavailable', 'down')) : client.get(...args),
    },
  });
  const { origin: config } = parseSource('s', { origin: { ...hosts.origin } });
  if (config.kind !== 'etcd') throw new Error(config.kind);
  const origin = etcdOrigin(config, async () => {
    if (++connects === 1) throw new TanistError('deadline-exceeded', 'nobody there');
    return { client: failing, close: async () => undefined };
  });
  const ask = async (): Promise<string> => {
    const signal = new AbortController().signal;
    return (await origin.fetch({ key: 'h1', validators: null, signal, maxBytes: 1000 })).kind;
  };
  t.deepEqual([await ask(), await ask(), await ask(), connects], ['failed', 'failed', 'failed', 2]);
  down = false;
  t.deepEqual([await ask(), connects], ['content', 2]);
  await origin.close?.();
  elsewhere.close();
});

test('keys of resources are told from the keys of the other etcd, wherever the resource’s key stands', async (t) => {
  const elsewhere = new MemoryCluster(new TestClock());
  const { client, etcd } = other(elsewhere);
  const told = async (prefix: string, key: string): Promise<readonly string[] | null> => {
    const { origin } = parseSource('s', { origin: { ...hosts.origin, prefix } });
    if (origin.kind !== 'etcd') throw new Error(origin.kind);
    const changes = etcdOrigin(origin, etcd).changes!(new AbortController().signal)[Symbol.asyncIterator]();
    t.deepEqual((await changes.next()).value, { kind: 'following' });
    await client.put(key, `${Math.random()}`);
    const change = (await changes.next()).value;
    await changes.return?.();
    return change.kind === 'changed' ? change.keys : [];
  };
  t.deepEqual(await told('hosts/{key}/', 'hosts/h1/cpu'), ['h1']);
  t.deepEqual(await told('hosts/{key}/', 'hosts/a/b/cpu'), ['a', 'a/b']);
  t.deepEqual(await told('hosts/{key}', 'hosts/ab'), ['a', 'ab']);
  t.deepEqual(await told('{key}/x/{key}/', 'h/x/h/y'), ['h']);
  t.is(await told('hosts/', 'hosts/h1/cpu'), null);
  t.is(await told('hosts/{key}', `hosts/${'x'.repeat(100)}`), null);
  elsewhere.close();
});

test('a node mirrors keys of a real etcd, and follows them', async (t) => {
  t.timeout(60_000);
  if (!(await tool(t, 'etcd', 'etcd-server'))) return t.pass();
  const etcd = await startRealEtcd();
  const elsewhere = await connectEtcd({ endpoints: etcd.endpoint, space: 'user' });
  const cluster = await startEtcdCluster(1, {}, { mirrors: { refresh: true } });
  const client = await connect({ endpoints: cluster.endpoints, space: 'planes' });
  try {
    await elsewhere.put('hosts/h1/cpu', '4');
    await defineSource(client, 'hosts', {
      ...hosts,
      origin: { ...hosts.origin, endpoints: [etcd.endpoint] },
      timeoutMs: 30_000,
    });
    // This process may not ask the origin: a node does, for it.
    await using mirrors = await openMirrors(client, { clusterMs: 30_000, leaseMs: 30_000, startMs: 30_000 });
    const state = await mirrors.poll('hosts/h1', { waitMs: 30_000 });
    t.deepEqual(state.value, { cpu: 4 });
    t.is(mirrors.live.entries.get('hosts/h1')?.check?.by, 'n0');
    // Nobody reads, and no time makes it stale: the watch alone brings it.
    for (let cpu = 5; cpu < 8; cpu++) {
      await elsewhere.put('hosts/h1/cpu', `${cpu}`);
      for await (const event of mirrors.watch('hosts/h1'))
        if (event.kind === 'state' && (event.state.value as { cpu: number }).cpu === cpu) break;
    }
    t.pass();
  } finally {
    await client.close({ drainMs: 0 });
    await elsewhere.close();
    await cluster.stop();
    await etcd.stop();
  }
});
