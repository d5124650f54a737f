import test, { type ExecutionContext } from 'ava';
import { connectEtcd, type EtcdConnectOptions } from '../../../src/client/etcd/connect-etcd.ts';
import type { EtcdClient } from '../../../src/client/etcd/etcd-client.ts';
import { revision } from '../../../src/foundation/ids.ts';
import { kvMethods } from '../../../src/protocol/etcd/methods.ts';
import { RawClient } from '../../api/etcd/differential/raw-client.ts';
import { startRealEtcd } from '../../api/etcd/differential/real-etcd.ts';
import { startEtcdCluster, tool } from '../../api/etcd/etcd-cluster.ts';
import { hasLeases } from '../../api/etcd/etcd3/subject.ts';
import { failure, text } from '../../ports/conformance/subject.ts';
import { TcpProxy } from './tcp-proxy.ts';

interface Server {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** The servers whose way to them the tests disturb. */
const servers: Readonly<Record<string, (t: Pick<ExecutionContext, 'log'>) => Promise<Server | null>>> = {
  Tanist: async () => {
    const cluster = await startEtcdCluster(1);
    return { endpoint: cluster.endpoints[0]!, stop: () => cluster.stop() };
  },
  etcd: async (t) => ((await tool(t, 'etcd', 'etcd-server')) ? startRealEtcd() : null),
};

interface Setting {
  readonly endpoint: string;
  readonly ways: readonly [TcpProxy, TcpProxy];
  /** Connected by both ways. */
  readonly client: EtcdClient;
}

for (const [name, start] of Object.entries(servers)) {
  let server: Server | null = null;
  test.before(async (t) => {
    t.timeout(60_000);
    server = await start(t);
  });
  test.after.always(() => server?.stop());

  const disturbed = (
    title: string,
    act: (t: ExecutionContext, setting: Setting) => Promise<void>,
    options: Partial<EtcdConnectOptions> & { readonly watches?: boolean } = {},
  ): void =>
    test.serial(`${name}: ${title}`, async (t) => {
      t.timeout(60_000);
      if (server === null || (options.watches && !(await hasLeases(server.endpoint)))) {
        t.log('skipped: there is no such server here');
        return t.pass();
      }
      const { endpoint } = server;
      const ways = [await TcpProxy.start(endpoint), await TcpProxy.start(endpoint)] as const;
      const endpoints = ways.map((way) => way.endpoint);
      const client = await connectEtcd({ endpoints, ...options });
      try {
        await act(t, { endpoint, ways, client });
      } finally {
        await client.close();
        for (const way of ways) way.stop();
      }
    });

  disturbed('an endpoint that is gone is left for another one', async (t, { ways: [one, other], client }) => {
    for (let i = 0; i < 6; i++) {
      const [closed, open] = i % 2 === 0 ? [one, other] : [other, one];
      open.open();
      closed.close();
      // The first may meet the broken connection; a write is sent only once.
      const first = await failure(client.put('failover', String(i)));
      t.regex(first, /^(none|indeterminate\?)$/);
      t.is(await failure(client.put('failover', `${i} again`)), 'none');
      t.is(text((await client.get('failover')).values[0]?.value), `${i} again`);
    }
  });

  disturbed('reads move on from a connection that breaks under them', async (t, { ways, client }) => {
    await client.put('read', 'value');
    for (const way of ways) way.deafen();
    const reading = client.get('read');
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const way of ways) {
      way.cut();
      way.hear();
    }
    t.is(text((await reading).values[0]?.value), 'value');
  });

  disturbed(
    'a write under which the connection breaks is indeterminate',
    async (t, { endpoint, ways, client }) => {
      await client.put('write', 'before');
      for (const way of ways) way.deafen();
      const writing = failure(client.put('write', 'after'));
      const direct = await connectEtcd({ endpoints: endpoint });
      while (text((await direct.get('write')).values[0]?.value) !== 'after');
      await direct.close();
      for (const way of ways) way.cut();
      t.is(await writing, 'indeterminate?');
    },
  );

  disturbed(
    'a write that finds no connection waits for one, and is not indeterminate',
    async (t, { ways, client }) => {
      for (const way of ways) way.close();
      t.is(await failure(client.get('nowhere', { deadlineMs: 300 })), 'deadline-exceeded');
      t.is(await failure(client.put('nowhere', '', { deadlineMs: 300 })), 'deadline-exceeded');
      const controller = new AbortController();
      const cancelled = failure(client.put('nowhere', '', { signal: controller.signal }));
      controller.abort();
      t.is(await cancelled, 'cancelled');
      const waiting = client.put('nowhere', 'arrived');
      ways[1].open();
      await waiting;
      const { values } = await client.get('nowhere');
      t.is(values[0]?.version, 1, 'nothing of what failed was applied');
    },
  );

  disturbed('a closed client refuses calls', async (t, { client }) => {
    await client.close();
    t.is(await failure(client.get('k')), 'closed');
    t.is(await failure(client.put('k', '')), 'closed');
    t.is(await failure(client.watch('k')[Symbol.asyncIterator]().next()), 'closed');
  });

  disturbed(
    'ranges are read in pages, all of one revision',
    async (t, { endpoint, client }) => {
      const keys = Array.from({ length: 50 }, (_, i) => `pages/${String(i).padStart(2, '0')}`);
      for (const key of keys) await client.put(key, 'old');
      const found = async (limit?: number): Promise<string[]> => {
        const reading = client.get('pages/', { prefix: true, ...(limit === undefined ? {} : { limit }) });
        const changing = client.put('pages/49', 'new').then(() => client.delete('pages/00'));
        const [answer] = await Promise.all([reading, changing]);
        t.is(answer.count, 50);
        t.is(answer.more, limit !== undefined && limit < 50);
        await client.put('pages/00', 'old');
        return answer.values.map(({ key }) => text(key) ?? '');
      };
      t.deepEqual(await found(), keys);
      for (const limit of [1, 6, 7, 8, 49, 50, 51]) t.deepEqual(await found(limit), keys.slice(0, limit));
      const { revision: at } = await client.put('pages/10', 'newest');
      const older = await client.get('pages/', { prefix: true, revision: revision(at - 1), order: 'ascend' });
      t.is(older.values.length, 50);
      t.true(older.revision >= at);
      const reading = client.get('pages/', { prefix: true });
      const raw = new RawClient(endpoint);
      for (let i = 0; i < 10; i++) {
        const { revision: newest } = await client.put('pages/10', String(i));
        await raw.call(kvMethods.compact, { revision: newest });
      }
      raw.close();
      t.is((await reading).values.length, 50, 'it begins anew when its revision is compacted');
    },
    { pageKeys: 7 },
  );

  disturbed(
    'watches go on over broken connections with neither gap nor double',
    async (t, { ways: [one, other], client }) => {
      const { revision: before } = await client.get('watch/');
      const live: string[] = [];
      const controller = new AbortController();
      const watched = (async () => {
        const options = { prefix: true, fromRevision: revision(before + 1), signal: controller.signal };
        for await (const { events } of client.watch('watch/', options))
          for (const { keyValue } of events) {
            live.push(`${keyValue.modRevision} ${text(keyValue.key)} ${text(keyValue.value)}`);
            if (text(keyValue.key) === 'watch/end') controller.abort();
          }
      })();
      for (let i = 0; i < 200; i++) {
        if (i % 20 === 7) (i % 40 === 7 ? one : other).cut();
        if (i % 50 === 30) {
          one.close();
          setTimeout(() => one.open(), 30);
        }
        await client.put(`watch/${i % 9}`, String(i)).catch(() => {});
      }
      while ((await failure(client.put('watch/end', ''))) !== 'none');
      await watched;
      const history: string[] = [];
      const options = { prefix: true, fromRevision: revision(before + 1) };
      loop: for await (const { events } of client.watch('watch/', options))
        for (const { keyValue } of events) {
          history.push(`${keyValue.modRevision} ${text(keyValue.key)} ${text(keyValue.value)}`);
          if (text(keyValue.key) === 'watch/end') break loop;
        }
      t.true(history.length > 150);
      t.deepEqual(live, history);
    },
    { watches: true },
  );
}

test('planes are keys with a prefix, of which the client sees nothing', async (t) => {
  const cluster = await startEtcdCluster(1);
  const client = await connectEtcd({ endpoints: cluster.endpoints, planesPrefix: 'p\xff' });
  const planes = client.inSpace('planes');
  await planes.put('k', 'v');
  await client.put('p\u0100', 'not of the planes');
  t.is(text((await client.get('p\xffk')).values[0]?.value), 'v');
  const all = await planes.get('', { prefix: true });
  t.deepEqual(
    all.values.map(({ key }) => text(key)),
    ['k'],
  );
  t.is((await planes.delete('a', { rangeEnd: '\0' })).deleted, 1);
  t.is((await client.get('', { prefix: true })).count, 1);
  await client.close();
  await cluster.stop();
});

test('nobody there', async (t) => {
  t.is(await failure(connectEtcd({ endpoints: '127.0.0.1:1', connectMs: 100 })), 'unavailable');
  t.is(await failure(connectEtcd({ endpoints: '' })), 'invalid-argument');
  t.is(await failure(connectEtcd({ endpoints: 'http://x' })), 'invalid-argument');
  t.is(await failure(connectEtcd({ endpoints: 'x:1', planesPrefix: '' })), 'invalid-argument');
});
