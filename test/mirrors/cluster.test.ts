import test from 'ava';
import { connect } from '../../src/client/connect.ts';
import { connectEtcd } from '../../src/client/etcd/connect-etcd.ts';
import { defineSource, openMirrors } from '../../src/mirrors/index.ts';
import type { StateClient } from '../../src/ports/state-client.ts';
import { startRealEtcd } from '../api/etcd/differential/real-etcd.ts';
import { startEtcdCluster, tool } from '../api/etcd/etcd-cluster.ts';
import { httpServer } from './http-server.ts';

/** However busy the machine is, the cluster is not given up. */
const patient = { clusterMs: 30_000, leaseMs: 30_000, startMs: 30_000 };

/** Two processes' mirrors of one HTTP resource: one call, the second reads what the first one brought, a change reaches both. */
async function story(
  t: import('ava').ExecutionContext,
  first: StateClient,
  second: StateClient,
): Promise<void> {
  let state = 'running';
  await using server = await httpServer((request, response) => {
    const etag = `"${state}"`;
    const same = request.headers['if-none-match'] === etag;
    response.writeHead(same ? 304 : 200, { 'content-type': 'application/json', etag });
    response.end(
      same ? '' : JSON.stringify({ id: request.url?.slice(1), spec: { state }, noise: Math.random() }),
    );
  });
  const sources = {
    machines: {
      origin: { kind: 'http', url: `${server.url}/{key}` },
      format: { fields: { state: 'spec.state' }, key: '/id' },
      freshForMs: 600_000,
      timeoutMs: 30_000,
    },
  };
  await using a = await openMirrors(first, { sources, ...patient });
  await using b = await openMirrors(second, { sources, ...patient });
  const states = await Promise.all(
    [...Array(20).fill(a), ...Array(20).fill(b)].map((one) => one.poll('machines/i-1')),
  );
  t.deepEqual(states[39].value, { state: 'running' });
  t.is(server.requests.length, 1);
  const events = b.watch('machines/i-1');
  t.like((await events.next()).value, { kind: 'state', state: { value: { state: 'running' } } });
  state = 'stopped';
  const refreshed = await a.refresh('machines/i-1');
  t.deepEqual(refreshed.value, { state: 'stopped' });
  t.like((await events.next()).value, { kind: 'state', state: { value: { state: 'stopped' }, fresh: true } });
  await events.return();
  t.is(server.requests.length, 2);
}

test('on a Tanist cluster: over gRPC and inside a node', async (t) => {
  t.timeout(60_000);
  const cluster = await startEtcdCluster(3);
  const client = await connect({ endpoints: cluster.endpoints, space: 'planes' });
  try {
    await story(t, client, cluster.nodes[1]!.state('planes'));
  } finally {
    await client.close({ drainMs: 0 });
    await cluster.stop();
  }
});

test('on a real etcd', async (t) => {
  t.timeout(60_000);
  if (!(await tool(t, 'etcd', 'etcd-server'))) return t.pass();
  const etcd = await startRealEtcd();
  const clients = await Promise.all(
    [0, 1].map(() => connectEtcd({ endpoints: etcd.endpoint, space: 'planes' })),
  );
  try {
    await story(t, clients[0]!, clients[1]!);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await etcd.stop();
  }
});

test('nodes refresh their share of the mirrors; what a stopped one had is taken over', async (t) => {
  t.timeout(60_000);
  const cluster = await startEtcdCluster(3, {}, { mirrors: { refresh: true } });
  const client = await connect({ endpoints: cluster.endpoints, space: 'planes' });
  let n = 0;
  await using server = await httpServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ n: n++ }));
  });
  try {
    await defineSource(client, 'things', {
      origin: { kind: 'http', url: `${server.url}/{key}` },
      freshForMs: 200,
      refresh: 'interval',
      budget: { perMinute: 60_000, burst: 1000 },
    });
    await using mirrors = await openMirrors(client, patient);
    const names = Array.from({ length: 12 }, (_, i) => `things/t${i}`);
    for (const name of names) await mirrors.poll(name, { waitMs: 30_000 });
    const refreshedBy = async (wanted: (by: ReadonlySet<string>) => boolean): Promise<void> => {
      for (;;) {
        const since = Date.now();
        const checks = names.map((name) => mirrors.live.entries.get(name)?.check);
        const by = new Set(checks.map((check) => check?.by ?? ''));
        if (checks.every((check) => (check?.checkedAtMs ?? 0) > since - 5000) && wanted(by)) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await refreshedBy((by) => [...by].every((each) => /^n[0-2]$/.test(each)) && by.size >= 2);
    const pages = await Promise.all(
      cluster.endpoints.map(async (endpoint) => (await fetch(`http://${endpoint}/metrics`)).text()),
    );
    const looks = pages.flatMap((page) => [
      ...page.matchAll(/^tanist_mirror_looks_total\{source="things",.*answer="content"\} (\d+)$/gm),
    ]);
    t.true(looks.reduce((sum, [, count]) => sum + Number(count), 0) >= names.length);
    t.true(
      pages.every(
        (page) => /^tanist_mirror_refreshers 3$/m.test(page) && /^etcd_server_has_leader 1$/m.test(page),
      ),
    );
    const follower = ((await cluster.leader()) + 1) % 3;
    const before = names.map((name) => mirrors.live.entries.get(name)?.check?.fence ?? 0);
    await cluster.stopNode(follower);
    const again = (): boolean =>
      names.every((name, i) => (mirrors.live.entries.get(name)?.check?.fence ?? 0) > (before[i] ?? 0));
    await refreshedBy(
      (by) => !by.has(`n${follower}`) && [...by].every((each) => /^n[0-2]$/.test(each)) && again(),
    );
    t.true(again());
  } finally {
    await client.close({ drainMs: 0 });
    await cluster.stop();
  }
});
