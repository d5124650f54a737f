import { connect } from 'node:net';
import test from 'ava';
import { type EtcdTestCluster, etcdctl, startEtcdCluster, tool } from '../etcd-cluster.ts';
import { base64, post } from './gateway-client.ts';

let cluster: EtcdTestCluster;
let endpoint: string;

test.before(async () => {
  cluster = await startEtcdCluster(1);
  endpoint = cluster.endpoints[0]!;
});
test.after.always(() => cluster?.stop());

interface Answer {
  readonly succeeded?: boolean;
  readonly count?: string;
  readonly deleted?: string;
  readonly kvs?: readonly { readonly key: string; readonly value: string; readonly mod_revision: string }[];
  readonly responses?: readonly unknown[];
}

const ok = async (path: string, body: unknown): Promise<Answer> => {
  const { status, body: answer, text } = await post(endpoint, path, body);
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return answer as Answer;
};

test('as Patroni speaks it: the leader key by transaction, and reading everything below a prefix', async (t) => {
  const key = base64('/service/batman/leader');
  const acquire = (value: string) =>
    ok('/v3/kv/txn', {
      compare: [{ key, target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
      success: [{ request_put: { key, value: base64(value) } }],
      failure: [{ request_range: { key } }],
    });
  t.true((await acquire('postgresql0')).succeeded);
  const lost = await acquire('postgresql1');
  t.is(lost.succeeded, undefined);
  t.like(lost.responses?.[0], {
    response_range: { kvs: { 0: { value: base64('postgresql0'), version: '1' } } },
  });
  const all = await ok('/v3/kv/range', {
    key: base64('/service/batman/'),
    range_end: base64('/service/batman0'),
    serializable: true,
  });
  t.is(all.count, '1');
  t.is(all.kvs?.[0]?.key, key);
  // Updated only if nobody else has changed it since.
  const seen = all.kvs?.[0]?.mod_revision;
  const update = {
    compare: [{ key, target: 'MOD', result: 'EQUAL', mod_revision: seen }],
    success: [{ request_put: { key, value: base64('postgresql0 again') } }],
  };
  t.true((await ok('/v3/kv/txn', update)).succeeded);
  t.is((await ok('/v3/kv/txn', update)).succeeded, undefined);
  t.is((await ok('/v3/kv/deleterange', { key })).deleted, '1');
});

test('both other prefixes lead to the same', async (t) => {
  for (const prefix of ['/v3beta', '/v3alpha']) {
    await ok(`${prefix}/kv/put`, { key: base64(prefix), value: base64('x') });
    t.is((await ok('/v3/kv/range', { key: base64(prefix) })).count, '1');
  }
});

test('it is on the HTTP port as well', async (t) => {
  const { http } = cluster.nodes[0]!.addresses;
  t.is((await post(http, '/v3/kv/range', { key: base64('nothing') })).status, 200);
});

test('errors have the code of gRPC, its HTTP status and the text of etcd', async (t) => {
  const { status, body } = await post(endpoint, '/v3/kv/range', { key: base64('a'), revision: '1000000' });
  const text = 'etcdserver: mvcc: required revision is a future revision';
  t.is(status, 400);
  t.deepEqual(body, { error: text, message: text, code: 11 });
});

test('wrong paths, methods and bodies are answered, clearly', async (t) => {
  t.is((await post(endpoint, '/v3/nope', {})).status, 404);
  t.is((await post(endpoint, '/v3/constructor', {})).status, 404);
  t.is((await fetch(`http://${endpoint}/v3/kv/range`)).status, 405);
  t.is(
    (await post(endpoint, '/v3/kv/range', '{"key":')).text,
    '{"error":"unexpected EOF","message":"unexpected EOF","code":3}',
  );
  t.is((await post(endpoint, '/v3/kv/range', Buffer.from('{"key":"\xff\xfe"}', 'latin1'))).status, 400);
  t.is((await post(endpoint, '/v3/kv/range', '')).status, 400);
  t.is((await post(endpoint, '/v3/kv/put', 'true')).status, 400);
});

test('a body beyond the limit is refused, and the node lives on', async (t) => {
  const value = 'A'.repeat(6 * 1024 * 1024);
  const { status, body } = await post(endpoint, '/v3/kv/put', `{"key":"Zm9v","value":"${value}"}`);
  t.is(status, 429);
  t.like(body, { code: 8 });
  t.is((await post(endpoint, '/v3/kv/put', { key: 'Zm9v', value: 'A'.repeat(4_000_000) })).status, 400);
  t.is((await post(endpoint, '/v3/kv/range', { key: base64('x') })).status, 200);
});

test('a body without end is cut off', async (t) => {
  const [host, port] = endpoint.split(':');
  const socket = connect(Number(port), host);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk.toString();
  });
  socket.write('POST /v3/kv/put HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
  const chunk = Buffer.alloc(1024 * 1024, 0x20);
  const pump = (): void => {
    while (
      !socket.destroyed &&
      socket.write(Buffer.concat([Buffer.from('100000\r\n'), chunk, Buffer.from('\r\n')]))
    );
  };
  socket.on('drain', pump);
  pump();
  await closed;
  t.regex(answer, /^HTTP\/1\.1 429 /);
});

test('HTTP/1.1 and gRPC on one port at the same time', async (t) => {
  if (!(await tool(t, 'etcdctl', 'etcd-client'))) return t.pass();
  await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const key = `both/${i}`;
      await ok('/v3/kv/put', { key: base64(key), value: base64('http') });
      const got = await etcdctl([endpoint], ['get', key, '--print-value-only']);
      t.is(got.stdout, 'http\n');
      await etcdctl([endpoint], ['put', key, 'grpc']);
      t.is((await ok('/v3/kv/range', { key: base64(key) })).kvs?.[0]?.value, base64('grpc'));
    }),
  );
});

test('a large answer comes whole', async (t) => {
  const success = Array.from({ length: 100 }, (_, i) => ({
    request_put: { key: base64(`large/${i}`), value: base64('x'.repeat(10_000)) },
  }));
  await ok('/v3/kv/txn', { success });
  const all = await ok('/v3/kv/range', { key: base64('large/'), range_end: base64('large0') });
  t.is(all.count, '100');
  t.true(all.kvs?.every(({ value }) => value === base64('x'.repeat(10_000))));
});
