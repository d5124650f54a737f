import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import test from 'ava';
import { CallCounts } from '../../../src/api/etcd/call-counts.ts';
import { caughtAsEtcdError, etcdError } from '../../../src/api/etcd/etcd-error.ts';
import { type Cancellable, serveUnaryStreams } from '../../../src/api/streams/unary-streams.ts';
import { nodeId } from '../../../src/foundation/ids.ts';
import { limits } from '../../../src/foundation/limits.ts';
import { decodeMessage, encodeMessage } from '../../../src/protocol/etcd/codec.ts';
import { kvMethods, leaseMethods } from '../../../src/protocol/etcd/methods.ts';
import { lineageHeader, lineageHeaderOf } from '../../../src/protocol/lineage-metadata.ts';
import { encodeTransferRequest } from '../../../src/protocol/operations/administration.ts';
import { encodeMeasureRequest, mostMeasuredBytes } from '../../../src/protocol/operations/measure.ts';
import { tanistService } from '../../../src/protocol/services.ts';
import { decodeStatus } from '../../../src/protocol/status/status.ts';
import { type EtcdTestCluster, startEtcdCluster } from '../etcd/etcd-cluster.ts';
import { framed, openSession } from '../etcd/raw-http2.ts';
import { resetAtOnce } from '../etcd/reset-at-once.ts';

let cluster: EtcdTestCluster;
let session: ClientHttp2Session;

test.before(async () => {
  cluster = await startEtcdCluster(1);
  session = openSession(cluster.endpoints[0]!);
});
test.after.always(async () => {
  session?.destroy();
  await cluster?.stop();
});

interface Seen {
  readonly status: string;
  readonly message: string;
  readonly tanistCode: string;
  readonly contentType: string;
  readonly body: Buffer;
}

function post(path: string, pieces: readonly Buffer[], headers: Record<string, string> = {}): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const body: Buffer[] = [];
    let status = '';
    let message = '';
    let contentType = '';
    let tanistCode = '';
    const note = (from: Record<string, unknown>): void => {
      status = String(from['grpc-status'] ?? status);
      message = decodeURI(String(from['grpc-message'] ?? message));
      contentType = String(from['content-type'] ?? contentType);
      tanistCode = String(from['tanist-code'] ?? tanistCode);
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (bytes: Buffer) => body.push(bytes));
    stream.on('end', () => resolve({ status, message, tanistCode, contentType, body: Buffer.concat(body) }));
    stream.on('error', reject);
    for (const piece of pieces) stream.write(piece);
    stream.end();
  });
}

const put = encodeMessage(kvMethods.put.request, { key: 'a' as never, value: 'b' as never });

test('a call is answered on its stream, with trailers', async (t) => {
  const seen = await post(kvMethods.put.path, [framed(put)]);
  t.is(seen.status, '0');
  // grpc-js says application/grpc+proto: it has not served this.
  t.is(seen.contentType, 'application/grpc');
  t.is(seen.body.readUInt32BE(1), seen.body.length - 5);
  const { header } = decodeMessage(kvMethods.put.response, seen.body.subarray(5));
  t.true((header?.revision ?? 0) > 1);
});

test('a request that comes in pieces is one request', async (t) => {
  const whole = framed(put);
  const pieces = Array.from(whole, (_, i) => whole.subarray(i, i + 1));
  t.is((await post(kvMethods.put.path, pieces)).status, '0');
});

test('what is no single whole message is refused', async (t) => {
  const cases = [
    ['2', 'EOF', []],
    ['2', 'unexpected EOF', [Buffer.alloc(3)]],
    ['13', 'a unary call takes one message', [framed(put), framed(put)]],
    ['2', 'unexpected EOF', [framed(put).subarray(0, 7)]],
    ['13', 'grpc: compressed flag set with identity or empty encoding', [framed(put, 1)]],
    ['13', 'grpc: received unexpected payload format 7', [framed(put, 7)]],
  ] as const;
  for (const [status, message, pieces] of cases)
    t.like(await post(kvMethods.put.path, pieces), { status, message });
});

test('malformed messages are INTERNAL as with etcd, errors have the text of etcd', async (t) => {
  const malformed = await post(kvMethods.put.path, [framed(Buffer.from([0x0a, 200, 1]))]);
  t.is(malformed.status, '13');
  t.regex(malformed.message, /malformed/);
  const empty = await post(kvMethods.range.path, [framed(Buffer.alloc(0))]);
  t.deepEqual([empty.status, empty.message], ['3', 'etcdserver: key is not provided']);
});

test('a message over the limit is refused, and the connection lives on', async (t) => {
  const large = framed(Buffer.alloc(limits.messageBytes + 1));
  t.is((await post(kvMethods.put.path, [large])).status, '8');
  t.is((await post(kvMethods.put.path, [framed(put)])).status, '0');
});

test('compressed calls and unknown methods are left to gRPC', async (t) => {
  const client = new Client(cluster.endpoints[0]!, credentials.createInsecure(), {
    'grpc.default_compression_algorithm': 2,
  });
  const same = (bytes: Buffer): Buffer => bytes;
  const value = 'x'.repeat(10_000);
  const request = encodeMessage(kvMethods.put.request, { key: 'zip' as never, value: value as never });
  await new Promise<void>((resolve, reject) => {
    client.makeUnaryRequest(kvMethods.put.path, same, same, request, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  client.close();
  const range = encodeMessage(kvMethods.range.request, { key: 'zip' as never });
  const seen = await post(kvMethods.range.path, [framed(range)]);
  t.is(decodeMessage(kvMethods.range.response, seen.body.subarray(5)).kvs[0]?.value, value as never);
  t.is((await post('/etcdserverpb.KV/Nothing', [framed(put)])).status, '12');
});

test('a call that its client cancels harms nobody', async (t) => {
  for (let i = 0; i < 20; i++) {
    const stream = session.request({
      ':method': 'POST',
      ':path': kvMethods.put.path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => {});
    stream.write(framed(put));
    if (i % 2 === 0) stream.end();
    stream.close(8);
  }
  t.is((await post(kvMethods.put.path, [framed(put)])).status, '0');
});

test('a client that goes in the middle of its requests harms nobody', async (t) => {
  const half = framed(Buffer.alloc(1_000_000)).subarray(0, 50_000);
  for (let round = 0; round < 5; round++) {
    const going = connect(`http://${cluster.endpoints[0]}`);
    going.on('error', () => {});
    const streams = Array.from({ length: 100 }, () => {
      const stream = going.request({
        ':method': 'POST',
        ':path': kvMethods.put.path,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => {});
      stream.write(half);
      return stream;
    });
    // What was sent has arrived once an answer is there.
    t.is((await post(kvMethods.put.path, [framed(put)])).status, '0');
    if (round % 2 === 0) for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
    going.destroy();
  }
  t.is((await post(kvMethods.put.path, [framed(put)])).status, '0');
});

test('a call that is reset in the packet that opens it harms nobody, whatever it asks for', async (t) => {
  const port = Number(cluster.endpoints[0]!.split(':')[1]);
  for (const path of [kvMethods.put.path, '/etcdserverpb.KV/Nothing', '/etcdserverpb.Watch/Watch'])
    for (const contentType of ['application/grpc', 'text/plain'])
      await resetAtOnce(port, path, contentType, 20);
  t.is((await post(kvMethods.put.path, [framed(put)])).status, '0');
});

test('answers that a client does not read are bounded, and its other calls go on', async (t) => {
  const value = 'x'.repeat(1024 * 1024);
  const large = encodeMessage(kvMethods.put.request, { key: 'large' as never, value: value as never });
  t.is((await post(kvMethods.put.path, [framed(large)])).status, '0');
  const range = encodeMessage(kvMethods.range.request, { key: 'large' as never });
  const refused = await refusedOfUnread(kvMethods.range.path, range);
  t.true(refused > 0 && refused < 60, `${refused} refused`);
  t.is((await post(kvMethods.put.path, [framed(put)])).status, '0');
});

test('answers of other services that a client does not read are bounded, too', async (t) => {
  const { leaseGrant, leaseTimeToLive } = leaseMethods;
  t.is(
    (await post(leaseGrant.path, [framed(encodeMessage(leaseGrant.request, { ID: 7n, TTL: 600 }))])).status,
    '0',
  );
  const keyBytes = 16 * 1024;
  const count = Math.ceil((1024 * 1024) / keyBytes);
  for (let i = 0; i < count; i++) {
    const key = String(i).padEnd(keyBytes, 'k');
    const owned = encodeMessage(kvMethods.put.request, { key: key as never, lease: 7n as never });
    t.is((await post(kvMethods.put.path, [framed(owned)])).status, '0');
  }
  const ask = encodeMessage(leaseTimeToLive.request, { ID: 7n, keys: true });
  const refused = await refusedOfUnread(leaseTimeToLive.path, ask);
  t.true(refused > 0 && refused < 60, `${refused} refused`);
  t.is((await post(kvMethods.put.path, [framed(put)])).status, '0');
});

test('native calls are answered on their streams, too, and their errors say our codes', async (t) => {
  const { status, transfer } = tanistService;
  const seen = await post(status.path, [framed(Buffer.alloc(0))]);
  t.deepEqual([seen.status, seen.contentType], ['0', 'application/grpc']);
  t.is(decodeStatus(seen.body.subarray(5)).id, nodeId('n0'));
  const nobody = await post(transfer.path, [framed(encodeTransferRequest(nodeId('nobody')))]);
  t.deepEqual([nobody.tanistCode, nobody.contentType], ['unknown-member', 'application/grpc']);
  t.regex(nobody.message, /nobody/);
  const elsewhere = { [lineageHeader]: lineageHeaderOf('another') };
  t.is((await post(status.path, [framed(Buffer.alloc(0))], elsewhere)).tanistCode, 'superseded');
});

test('native answers that a client does not read are bounded', async (t) => {
  const request = encodeMeasureRequest(mostMeasuredBytes);
  const refused = await refusedOfUnread(tanistService.measure.path, request, 350);
  t.true(refused > 0 && refused < 250, `${refused} refused`);
  t.is((await post(kvMethods.put.path, [framed(put)])).status, '0');
});

/** Of so many calls, with answers of 88 MiB in all. Flow control lets 64 KiB of each through: the rest waits at the node. */
async function refusedOfUnread(path: string, request: Buffer, calls = 90): Promise<number> {
  const lazy = connect(`http://${cluster.endpoints[0]}`);
  const statuses: string[] = [];
  const streams = Array.from({ length: calls }, () => {
    const stream = lazy.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => {});
    stream.end(framed(request));
    return new Promise<void>((resolve) =>
      stream.on('response', (headers) => {
        statuses.push(String(headers['grpc-status'] ?? 'answered'));
        resolve();
      }),
    );
  });
  await Promise.all(streams);
  lazy.destroy();
  return statuses.filter((status) => status === '8').length;
}

test('a handler can tell that its caller went, and is told so', async (t) => {
  const server = new Server();
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  const client = connect(`http://127.0.0.1:${port}`);
  t.teardown(() => {
    client.destroy();
    server.forceShutdown();
  });
  const called = new Promise<Cancellable | undefined>((resolve) => {
    const counts = new CallCounts(kvMethods.range);
    const handler = (_: Buffer, __: unknown, ___: unknown, caller?: Cancellable): void => resolve(caller);
    const errors = { caught: caughtAsEtcdError, overloaded: () => etcdError('tooManyRequests') };
    t.true(serveUnaryStreams(server, new Map([[kvMethods.range.path, { handler, counts, ...errors }]])));
  });
  const headers = { 'content-type': 'application/grpc', te: 'trailers' };
  const stream = client.request({ ':method': 'POST', ':path': kvMethods.range.path, ...headers });
  stream.end(framed(Buffer.alloc(0)));
  const caller = await called;
  t.false(caller?.cancelled);
  const told = new Promise<void>((resolve) => caller?.once('cancelled', resolve));
  stream.close(8);
  await told;
  t.true(caller?.cancelled);
});
