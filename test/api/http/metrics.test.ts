import { Client, credentials } from '@grpc/grpc-js';
import test from 'ava';
import { byteStringOfText } from '../../../src/foundation/bytes.ts';
import { Durations } from '../../../src/foundation/durations.ts';
import { encodeMessage } from '../../../src/protocol/etcd/codec.ts';
import {
  type EtcdMethod,
  kvMethods,
  leaseMethods,
  maintenanceMethods,
  watchMethods,
} from '../../../src/protocol/etcd/methods.ts';
import { RawClient } from '../etcd/differential/raw-client.ts';
import { type EtcdTestCluster, startEtcdCluster } from '../etcd/etcd-cluster.ts';

let cluster: EtcdTestCluster;

test.before(async () => {
  cluster = await startEtcdCluster(3);
});
test.after.always(() => cluster?.stop());

const same = (bytes: Buffer): Buffer => bytes;

/** Values by name and labels. */
async function scrape(address: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://${address}/metrics`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

test.serial("etcd's names show what they mean there", async (t) => {
  const leader = await cluster.leader();
  const client = new RawClient(cluster.endpoints[leader]!);
  for (let i = 0; i < 10; i++) await client.call(kvMethods.put, { key: byteStringOfText(`k${i}`) });
  await client.call(kvMethods.range, {});
  client.close();
  const values = await scrape(cluster.endpoints[leader]!);
  t.is(values.get('etcd_server_has_leader'), 1);
  t.is(values.get('etcd_server_is_leader'), 1);
  t.is(values.get('etcd_debugging_mvcc_keys_total'), 10);
  t.is(values.get('etcd_debugging_mvcc_current_revision'), 11);
  t.true((values.get('etcd_server_leader_changes_seen_total') ?? 0) >= 1);
  t.true((values.get('etcd_server_proposals_committed_total') ?? 0) >= 10);
  t.is(values.get('etcd_server_proposals_pending'), 0);
  t.true((values.get('etcd_mvcc_db_total_size_in_bytes') ?? 0) > 0);
  t.true((values.get('process_resident_memory_bytes') ?? 0) > 1e6);
  const of = (method: string, code: string): string =>
    `grpc_server_handled_total{grpc_service="etcdserverpb.KV",grpc_method="${method}",grpc_type="unary",grpc_code="${code}"}`;
  t.is(values.get(of('Put', 'OK')), 10);
  t.is(values.get(of('Range', 'InvalidArgument')), 1);
  t.is(values.get('etcd_server_quota_backend_bytes'), 8 * 1024 ** 3);
  const syncs = values.get('etcd_disk_wal_fsync_duration_seconds_count') ?? 0;
  t.true(syncs >= 10);
  t.is(values.get('etcd_disk_wal_fsync_duration_seconds_bucket{le="+Inf"}'), syncs);
  const trips = [...values.keys()].filter((name) =>
    name.startsWith('etcd_network_peer_round_trip_time_seconds_count'),
  );
  t.is(trips.length, 2);
});

test.serial('sizes are those of Status, and in use is what the quota bounds', async (t) => {
  const client = new RawClient(cluster.endpoints[0]!);
  const answer = await client.call(maintenanceMethods.status, {});
  client.close();
  const { dbSize, dbSizeInUse } = (answer as { message: { dbSize: number; dbSizeInUse: number } }).message;
  const values = await scrape(cluster.endpoints[0]!);
  t.is(values.get('etcd_mvcc_db_total_size_in_bytes'), dbSize);
  t.is(values.get('etcd_debugging_mvcc_db_total_size_in_bytes'), dbSize);
  t.is(values.get('etcd_mvcc_db_total_size_in_use_in_bytes'), dbSizeInUse);
  // Ten keys of two bytes, and what a key counts beside.
  t.is(dbSizeInUse, 10 * (2 + 128));
});

test.serial('streams are counted when they end, however they do', async (t) => {
  const [endpoint] = cluster.endpoints as [string];
  const client = new Client(endpoint, credentials.createInsecure());
  const stream = ({ path }: EtcdMethod = leaseMethods.leaseKeepAlive) =>
    client.makeBidiStreamRequest<Buffer, Buffer>(path, same, same);
  const ended = async (call: ReturnType<typeof stream>): Promise<void> => {
    call.on('error', () => {});
    call.resume();
    await new Promise((resolve) => call.once('status', resolve));
  };
  const closed = stream();
  closed.end();
  const broken = stream();
  broken.write(Buffer.from([0xff]));
  await Promise.all([ended(closed), ended(broken)]);
  const cancelled = stream(watchMethods.watch);
  // Answered, so it has begun.
  cancelled.write(encodeMessage(watchMethods.watch.request, { create_request: {} }));
  await new Promise((resolve) => cancelled.once('data', resolve));
  cancelled.cancel();
  await ended(cancelled);
  client.close();
  const labels = (method: string) => `grpc_service="etcdserverpb.${method}",grpc_type="bidi_stream"`;
  const count = async (method: string, code: string) =>
    (await scrape(endpoint)).get(`grpc_server_handled_total{${labels(method)},grpc_code="${code}"}`);
  const keepAlive = 'Lease",grpc_method="LeaseKeepAlive';
  const watch = 'Watch",grpc_method="Watch';
  while ((await count(watch, 'Canceled')) !== 1) await new Promise((resolve) => setImmediate(resolve));
  t.is(await count(watch, 'OK'), 0);
  t.is(await count(keepAlive, 'OK'), 1);
  t.is(await count(keepAlive, 'Internal'), 1);
});

test.serial("Tanist's own say who leads and who follows next", async (t) => {
  const leader = await cluster.leader();
  const values = await scrape(cluster.endpoints[leader]!);
  t.is(values.get('tanist_role{role="leader"}'), 1);
  t.is(values.get('tanist_primary'), 1);
  t.is([...values.keys()].filter((name) => name.startsWith('tanist_succession_score{')).length, 2);
  t.is([...values.keys()].filter((name) => name.startsWith('tanist_peer_silent_seconds{')).length, 2);
  t.is(values.get('tanist_keys{space="user"}'), 10);
  const follower = await scrape(cluster.endpoints[(leader + 1) % 3]!);
  t.is(follower.get('tanist_primary'), 0);
  t.is(follower.get('etcd_server_is_leader'), 0);
});

test.serial('many scrapes at once are answered whole', async (t) => {
  const all = await Promise.all(Array.from({ length: 20 }, () => scrape(cluster.endpoints[0]!)));
  for (const values of all)
    for (const name of [
      'etcd_server_has_leader',
      'tanist_leases',
      'nodejs_external_memory_bytes',
      'etcd_disk_wal_fsync_duration_seconds_count',
    ])
      t.true(values.has(name), name);
});

test('the format is what Prometheus reads: every metric has a type, once, and no value twice', async (t) => {
  const response = await fetch(`http://${cluster.nodes[0]!.addresses.http}/metrics`);
  t.regex(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n');
  const types = lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2]);
  t.is(new Set(types).size, types.length);
  const series = lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));
  t.is(new Set(series).size, series.length);
  for (const line of lines) t.regex(line, /^(|# .*|[a-z][a-z0-9_]*(\{.*\})? (NaN|[+-]?[\d.e+-]+|\+Inf))$/);
});

test('durations fall into the first bucket that holds them', (t) => {
  const durations = new Durations(0.001, 3);
  for (const ms of [0.5, 1, 1.5, 2, 4, 5]) durations.observe(ms);
  t.deepEqual(durations.bounds, [0.001, 0.002, 0.004]);
  t.deepEqual(durations.counts, [2, 2, 1, 1]);
  t.true(Math.abs(durations.sumSeconds - 0.014) < 1e-9);
});
