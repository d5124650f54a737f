import test from 'ava';
import { type EtcdTestCluster, startEtcdCluster } from '../etcd-cluster.ts';
import { base64, post, stream } from './gateway-client.ts';

let cluster: EtcdTestCluster;
let endpoint: string;
let served = false;

test.before(async () => {
  cluster = await startEtcdCluster(3);
  endpoint = cluster.endpoints[((await cluster.leader()) + 1) % 3]!;
  served = (await post(endpoint, '/v3/lease/leases', {})).status !== 501;
});
test.after.always(() => cluster?.stop());

interface Event {
  readonly type?: string;
  readonly kv?: { readonly key: string; readonly value?: string };
}
interface WatchLine {
  readonly result?: { readonly created?: boolean; readonly events?: readonly Event[] };
}

const field = (body: unknown, name: string): string => String((body as Record<string, unknown>)[name]);
const leader = base64('/service/batman/leader');

test.serial('a leader key on a lease that is kept alive, watched by those who want to follow', async (t) => {
  if (!served) {
    t.log('skipped: leases and watches are not served');
    return t.pass();
  }
  const granted = await post(endpoint, '/v3/lease/grant', { TTL: 30 });
  t.is(granted.status, 200);
  const ID = field(granted.body, 'ID');
  t.is(field(granted.body, 'TTL'), '30');
  const watch = await stream(
    endpoint,
    '/v3/watch',
    JSON.stringify({
      create_request: { key: base64('/service/batman/'), range_end: base64('/service/batman0') },
    }),
  );
  t.true(((await watch.next()) as WatchLine).result?.created);
  const acquired = await post(endpoint, '/v3/kv/txn', {
    compare: [{ key: leader, target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
    success: [{ request_put: { key: leader, value: base64('postgresql0'), lease: ID } }],
  });
  t.like(acquired.body, { succeeded: true });
  const put = (await watch.next()) as WatchLine;
  t.like(put.result?.events?.[0], {
    kv: { key: leader, value: base64('postgresql0'), lease: ID, version: '1' },
  });
  const kept = await post(endpoint, '/v3/lease/keepalive', { ID });
  t.like((kept.body as { result: unknown }).result, { ID, TTL: '30' });
  const left = await post(endpoint, '/v3/lease/timetolive', { ID, keys: true });
  t.like(left.body, { ID, grantedTTL: '30', keys: { 0: leader } });
  t.is((await post(endpoint, '/v3/lease/revoke', { ID })).status, 200);
  const gone = (await watch.next()) as WatchLine;
  t.like(gone.result?.events?.[0], { type: 'DELETE', kv: { key: leader } });
  watch.close();
});

test.serial('what Patroni tells apart: a lease that is gone', async (t) => {
  if (!served) return t.pass();
  const put = await post(endpoint, '/v3/kv/put', { key: leader, value: '', lease: '777' });
  t.is(put.status, 404);
  t.like(put.body, { code: 5, error: 'etcdserver: requested lease not found' });
  t.is((await post(endpoint, '/v3/kv/lease/revoke', { ID: '777' })).status, 404);
  // Its time-to-live is left out: zero.
  const kept = await post(endpoint, '/v3/lease/keepalive', { ID: '777' });
  t.is(field((kept.body as { result: unknown }).result, 'TTL'), 'undefined');
});

test.serial('a watch from a compacted revision is cancelled, and says so', async (t) => {
  if (!served) return t.pass();
  for (let i = 0; i < 3; i++) await post(endpoint, '/v3/kv/put', { key: leader, value: '' });
  const { body } = await post(endpoint, '/v3/kv/range', { key: leader });
  const { revision } = (body as { header: { revision: string } }).header;
  t.is((await post(endpoint, '/v3/kv/compaction', { revision })).status, 200);
  // This node has applied it when it has answered a linearizable read.
  await post(endpoint, '/v3/kv/range', { key: leader });
  const watch = await stream(
    endpoint,
    '/v3/watch',
    JSON.stringify({ create_request: { key: leader, start_revision: 1 } }),
  );
  t.like(await watch.next(), { result: { created: true } });
  t.like(await watch.next(), { result: { canceled: true, compact_revision: revision } });
  watch.close();
});

test.serial('a lock whose caller goes is not taken by nobody', async (t) => {
  if (!served || (await post(endpoint, '/v3/lock/unlock', {})).status === 501) return t.pass();
  const first = await post(endpoint, '/v3/lock/lock', { name: base64('lock') });
  t.is(first.status, 200);
  const impatient = fetch(`http://${endpoint}/v3/lock/lock`, {
    method: 'POST',
    body: JSON.stringify({ name: base64('lock') }),
    signal: AbortSignal.timeout(300),
  });
  await t.throwsAsync(impatient, { any: true });
  t.is((await post(endpoint, '/v3/lock/unlock', { key: field(first.body, 'key') })).status, 200);
  const next = await post(endpoint, '/v3/lock/lock', { name: base64('lock') });
  t.is(next.status, 200);
});
