import test from 'ava';
import type { ByteString } from '../../../../src/foundation/bytes.ts';
import { kvMethods, leaseMethods, watchMethods } from '../../../../src/protocol/etcd/methods.ts';
import { RawClient } from '../differential/raw-client.ts';
import { type EtcdTestCluster, startEtcdCluster } from '../etcd-cluster.ts';
import { RawStream } from '../raw-stream.ts';

const b = (text: string): ByteString => text as ByteString;

let cluster: EtcdTestCluster;
let leader = '';
let follower = '';
const clients = new Map<string, RawClient>();

test.before(async () => {
  cluster = await startEtcdCluster(3);
  const index = await cluster.leader();
  leader = cluster.endpoints[index]!;
  follower = cluster.endpoints[(index + 1) % 3]!;
  for (const endpoint of cluster.endpoints) clients.set(endpoint, new RawClient(endpoint));
});
test.after.always(async () => {
  for (const client of clients.values()) client.close();
  await cluster?.stop();
});

async function call(endpoint: string, method: Parameters<RawClient['call']>[0], request: object) {
  const answer = await clients.get(endpoint)!.call(method, request);
  if (answer.kind === 'error') throw new Error(answer.details);
  return answer.message as Record<string, unknown>;
}

test('the server chooses a positive id', async (t) => {
  const { ID, TTL } = await call(follower, leaseMethods.leaseGrant, { TTL: 30 });
  t.true((ID as bigint) > 0n && (ID as bigint) < 1n << 63n);
  t.is(TTL, 30);
});

test('a time-to-live below the least is the least, also 0 and negative ones', async (t) => {
  for (const ttl of [0, -1, -9_000_000_000_000, 1]) {
    const { TTL } = await call(leader, leaseMethods.leaseGrant, { TTL: ttl });
    t.is(TTL, 1);
  }
  await t.throwsAsync(call(leader, leaseMethods.leaseGrant, { TTL: Number.MAX_SAFE_INTEGER }), {
    message: 'etcdserver: too large lease TTL',
  });
});

test('renewals on a follower and on the leader, of many leases at once and of none', async (t) => {
  for (const endpoint of [follower, leader]) {
    const ids: bigint[] = [];
    for (let i = 0; i < 50; i++)
      ids.push((await call(endpoint, leaseMethods.leaseGrant, { TTL: 100 + i })).ID as bigint);
    const stream = new RawStream(endpoint, leaseMethods.leaseKeepAlive);
    for (const ID of [...ids, 12345678n]) stream.send({ ID });
    stream.call.end();
    const answers = new Map<bigint, number>();
    for (let answer = await stream.next(); answer !== null; answer = await stream.next())
      answers.set(answer.ID, answer.TTL);
    t.is(answers.size, 51, 'all are answered although the client has ended its side');
    for (const [i, id] of ids.entries()) t.is(answers.get(id), 100 + i);
    t.is(answers.get(12345678n), 0);
    t.is(await stream.ended(), null);
    stream.close();
  }
});

test('what no request is ends a stream of renewals', async (t) => {
  const stream = new RawStream(leader, leaseMethods.leaseKeepAlive);
  stream.sendBytes(Buffer.from([0xff]));
  t.is((await stream.ended())?.code, 13);
  stream.close();
});

test('a lease that ends takes its keys with it, at one revision', async (t) => {
  // Long enough for the keys to be put where there is much else to do.
  const seconds = 4;
  const { ID } = await call(follower, leaseMethods.leaseGrant, { TTL: seconds });
  const watch = new RawStream(follower, watchMethods.watch);
  watch.send({ create_request: { key: b('ends/'), range_end: b('ends0'), filters: ['NOPUT'] } });
  t.true((await watch.next())?.created);
  for (const key of ['ends/b', 'ends/a'])
    await call(follower, kvMethods.put, { key: b(key), lease: ID as bigint });
  const { keys, TTL } = await call(leader, leaseMethods.leaseTimeToLive, { ID, keys: true });
  t.deepEqual(keys, ['ends/a', 'ends/b']);
  t.true((TTL as number) <= seconds);
  const { events } = (await watch.next(30_000))!;
  t.deepEqual(
    events.map(({ type, kv }) => [type, kv?.key]),
    [
      ['DELETE', 'ends/a'],
      ['DELETE', 'ends/b'],
    ],
  );
  t.is(events[0]?.kv?.mod_revision, events[1]?.kv?.mod_revision);
  t.is((await call(leader, leaseMethods.leaseTimeToLive, { ID })).TTL, -1);
  watch.close();
});

test('leases are listed in order of their end', async (t) => {
  const first = (await call(leader, leaseMethods.leaseGrant, { TTL: 4000 })).ID;
  const second = (await call(leader, leaseMethods.leaseGrant, { TTL: 3000 })).ID;
  const { leases } = await call(follower, leaseMethods.leaseLeases, {});
  const ids = (leases as { ID: bigint }[]).map(({ ID }) => ID);
  t.true(ids.indexOf(second as bigint) >= 0);
  t.true(ids.indexOf(second as bigint) < ids.indexOf(first as bigint));
});
