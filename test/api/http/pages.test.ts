import { Client, credentials } from '@grpc/grpc-js';
import test from 'ava';
import { type EtcdTestCluster, startEtcdCluster } from '../etcd/etcd-cluster.ts';

let cluster: EtcdTestCluster;

test.before(async () => {
  cluster = await startEtcdCluster(3);
});
test.after.always(() => cluster?.stop());

interface Page {
  readonly status: number;
  readonly text: string;
}
const get = async (address: string, path: string, withinMs = 20_000): Promise<Page> => {
  const response = await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(withinMs) });
  return { status: response.status, text: await response.text() };
};
/** Before it would give up on a leader. */
const soon = (address: string, path: string): Promise<Page> => get(address, path, 5_000);
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  const untilMs = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > untilMs) throw new Error('not within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

test.serial('every page is on the client port and on the HTTP port', async (t) => {
  for (const { addresses } of cluster.nodes) {
    await until(async () => (await get(addresses.http, '/health')).status === 200);
    for (const address of [addresses.client, addresses.http]) {
      t.deepEqual(await get(address, '/health'), { status: 200, text: '{"health":"true","reason":""}\n' });
      t.like(JSON.parse((await get(address, '/version')).text), { etcdcluster: '3.5.0' });
      t.like(JSON.parse((await get(address, '/role')).text), { leader: `n${await cluster.leader()}` });
    }
  }
});

test.serial('the version is one that clients can compare', async (t) => {
  const { etcdserver } = JSON.parse((await get(cluster.endpoints[0]!, '/version')).text);
  t.regex(etcdserver, /^3\.5\.\d+$/);
});

test.serial('one node is the primary, the others are replicas', async (t) => {
  const leader = await cluster.leader();
  for (const [i, endpoint] of cluster.endpoints.entries()) {
    t.is((await get(endpoint, '/primary')).status, i === leader ? 200 : 503);
    await until(async () => (await get(endpoint, '/replica')).status === (i === leader ? 503 : 200));
  }
});

test.serial('probes say ok, and what they looked at when asked', async (t) => {
  const endpoint = cluster.endpoints[0]!;
  t.deepEqual(await get(endpoint, '/livez'), { status: 200, text: 'ok\n' });
  t.deepEqual(await get(endpoint, '/livez/serializable_read'), { status: 200, text: 'ok\n' });
  t.is(
    (await get(endpoint, '/readyz?verbose')).text,
    '[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\nok\n',
  );
  t.is(
    (await get(endpoint, '/readyz?verbose&exclude=linearizable_read')).text.includes('linearizable'),
    false,
  );
  t.is(
    (await get(endpoint, '/readyz?verbose&allowlist=serializable_read')).text,
    '[+]serializable_read ok\nok\n',
  );
  t.regex((await get(endpoint, '/livez?verbose&exclude=nope')).text, /there is no check nope/);
});

test.serial('unknown pages and methods are told', async (t) => {
  const endpoint = cluster.endpoints[0]!;
  t.is((await get(endpoint, '/')).status, 404);
  t.regex((await get(endpoint, '/nope')).text, /\/metrics/);
  t.is((await get(endpoint, '/constructor')).status, 404);
  t.is((await get(endpoint, '//')).status, 404);
  t.is((await fetch(`http://${endpoint}/health`, { method: 'POST' })).status, 405);
});

test.serial('without a quorum a node lives but is neither healthy nor ready', async (t) => {
  const left = await cluster.leader();
  const same = (bytes: Buffer): Buffer => bytes;
  const client = new Client(cluster.endpoints[left]!, credentials.createInsecure());
  t.teardown(() => client.close());
  const path = '/grpc.health.v1.Health/Watch';
  const watch = client.makeServerStreamRequest(path, same, same, Buffer.alloc(0)).on('error', () => {});
  t.teardown(() => watch.cancel());
  const states: number[] = [];
  watch.on('data', (bytes: Buffer) => states.push(bytes.at(-1)!));
  await until(async () => states.length === 1);
  for (const i of [0, 1, 2]) if (i !== left) await cluster.stopNode(i);
  const endpoint = cluster.endpoints[left]!;
  await until(async () => (await get(endpoint, '/health')).text.includes('RAFT NO LEADER'));
  t.deepEqual(await soon(endpoint, '/health'), {
    status: 503,
    text: '{"health":"false","reason":"RAFT NO LEADER"}\n',
  });
  await until(async () => states.length > 1);
  t.deepEqual(states, [1, 2], 'grpc.health: serving, then not serving');
  t.is((await soon(endpoint, '/health?serializable=true')).status, 200);
  t.is((await soon(endpoint, '/livez')).status, 200);
  t.deepEqual(await soon(endpoint, '/readyz'), {
    status: 503,
    text: '[+]data_corruption ok\n[+]serializable_read ok\n[-]linearizable_read failed: RAFT NO LEADER\nreadyz check failed\n',
  });
  t.is((await get(endpoint, '/replica')).status, 503);
  const metrics = (await get(endpoint, '/metrics')).text;
  t.regex(metrics, /^etcd_server_has_leader 0$/m);
  t.regex(metrics, /^tanist_peer_suspected\{peer="n\d"\} 1$/m);
});
