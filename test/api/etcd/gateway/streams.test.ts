import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import test from 'ava';
import { etcdError } from '../../../../src/api/etcd/etcd-error.ts';
import { Gateway } from '../../../../src/api/etcd/gateway/gateway.ts';
import { decodeMessage, encodeMessage } from '../../../../src/protocol/etcd/codec.ts';
import {
  leaseKeepAliveRequest,
  leaseKeepAliveResponse,
} from '../../../../src/protocol/etcd/messages/lease.ts';
import { snapshotResponse } from '../../../../src/protocol/etcd/messages/maintenance.ts';
import { watchRequest, watchResponse } from '../../../../src/protocol/etcd/messages/watch.ts';
import { leaseMethods, maintenanceMethods, watchMethods } from '../../../../src/protocol/etcd/methods.ts';
import { post, stream } from './gateway-client.ts';

type Call = ServerDuplexStream<Buffer, Buffer>;

let server: Server;
let endpoint: string;
let watching: Call | null = null;
let heard = '';
const cancelled = { now: () => {} };

/** Services as they could be, on the calls that the gateway makes. */
const streams = new Map<string, never>([
  [
    watchMethods.watch.path,
    ((call: Call) => {
      heard = String(call.metadata.get('hasleader')[0] ?? '');
      watching = call;
      call.on('data', (bytes: Buffer) => {
        const { create_request: create } = decodeMessage(watchRequest, bytes);
        if (create?.start_revision === 13) call.emit('error', etcdError('noLeader'));
        else call.write(encodeMessage(watchResponse, { watch_id: 7, created: true }));
        if (create?.start_revision === 14) call.emit('error', etcdError('noLeader'));
      });
      call.on('end', () => call.end());
      call.on('cancelled', () => cancelled.now());
    }) as never,
  ],
  [
    leaseMethods.leaseKeepAlive.path,
    ((call: Call) => {
      call.on('data', (bytes: Buffer) => {
        const { ID } = decodeMessage(leaseKeepAliveRequest, bytes);
        setImmediate(() => call.write(encodeMessage(leaseKeepAliveResponse, { ID, TTL: 30 })));
      });
      call.on('end', () => call.end());
    }) as never,
  ],
  [
    maintenanceMethods.snapshot.path,
    ((call: ServerWritableStream<Buffer, Buffer>) => {
      void (async () => {
        for (let i = 0; i < 64; i++) {
          const bytes = encodeMessage(snapshotResponse, { blob: 'x'.repeat(65_536) as never });
          if (!call.write(bytes)) await new Promise((resolve) => call.once('drain', resolve));
        }
        call.end();
      })();
    }) as never,
  ],
]);

test.before(async () => {
  const gateway = new Gateway({ unary: new Map(), streams });
  server = createServer((request, response) => void gateway.handle(request.url ?? '', request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
test.after.always(() => {
  server.close();
  server.closeAllConnections();
});

test.serial('a watch goes on although the request has ended, until the caller goes', async (t) => {
  const gone = new Promise<void>((resolve) => {
    cancelled.now = resolve;
  });
  const watch = await stream(endpoint, '/v3/watch', '{"create_request":{"key":"Zm9v"}}');
  t.is(watch.status, 200);
  t.deepEqual(await watch.next(), { result: { watch_id: '7', created: true } });
  watching?.write(encodeMessage(watchResponse, { watch_id: 7, events: [{ kv: { key: 'foo' as never } }] }));
  t.deepEqual(await watch.next(), { result: { watch_id: '7', events: [{ kv: { key: 'Zm9v' } }] } });
  // Several messages in one write, as fan-outs do it: their frames but for the head of the first, which grpc-js writes.
  const one = encodeMessage(watchResponse, { watch_id: 1 });
  const two = encodeMessage(watchResponse, { watch_id: 2 });
  const frames = Buffer.concat([one, Buffer.from([0, 0, 0, 0, two.length]), two]);
  const pieces = {
    byteLength: frames.length,
    copy: (target: Buffer, at: number) => {
      target.writeUInt32BE(one.length, at - 4);
      frames.copy(target, at);
    },
  };
  watching?.write(pieces as never);
  t.deepEqual(await watch.next(), { result: { watch_id: '1' } });
  t.deepEqual(await watch.next(), { result: { watch_id: '2' } });
  watch.close();
  await gone;
  t.true(watching?.cancelled);
});

test.serial('an error before the first result has its HTTP status, a later one is a line', async (t) => {
  const error = {
    grpc_code: 14,
    http_code: 503,
    message: 'etcdserver: no leader',
    http_status: 'Service Unavailable',
  };
  const early = await stream(endpoint, '/v3/watch', '{"create_request":{"start_revision":13}}');
  t.is(early.status, 503);
  t.deepEqual(await early.next(), { error });
  const late = await stream(endpoint, '/v3/watch', '{"create_request":{"start_revision":14}}');
  t.is(late.status, 200);
  t.like(await late.next(), { result: { created: true } });
  t.deepEqual(await late.next(), { error });
  t.is(await late.next(), null);
});

test('a keep-alive ends when everything is answered', async (t) => {
  const { status, text } = await post(
    endpoint,
    '/v3/lease/keepalive',
    '{"ID":"9223372036854775807"}{"ID":5}',
  );
  t.is(status, 200);
  t.is(text, '{"result":{"ID":"9223372036854775807","TTL":"30"}}\n{"result":{"ID":"5","TTL":"30"}}\n');
  t.is((await post(endpoint, '/v3/lease/keepalive', '')).text, '');
});

test('what is no JSON is refused as etcd does in a stream', async (t) => {
  const { status, body } = await post(endpoint, '/v3/lease/keepalive', '{"ID":"x"}');
  t.is(status, 500);
  const text = "invalid character 'x' looking for beginning of value";
  t.deepEqual(body, { error: text, message: text, code: 2 });
});

test('a stream of the server alone comes whole', async (t) => {
  const { text } = await post(endpoint, '/v3/maintenance/snapshot', {});
  const lines = text.trim().split('\n');
  t.is(lines.length, 64);
  t.is(Buffer.from(JSON.parse(lines[63]!).result.blob, 'base64').toString(), 'x'.repeat(65_536));
});

test('a method that nobody serves is UNIMPLEMENTED', async (t) => {
  const { status, body } = await post(endpoint, '/v3/lock/lock', {});
  t.is(status, 501);
  t.like(body, { code: 12, message: 'unknown method Lock for service v3lockpb.Lock' });
});

test.serial('headers named Grpc-Metadata-… are metadata of the call', async (t) => {
  await fetch(`http://${endpoint}/v3/watch`, {
    method: 'POST',
    body: '{"create_request":{"start_revision":13}}',
    headers: { 'Grpc-Metadata-hasleader': 'true' },
  }).then((response) => response.text());
  t.is(heard, 'true');
});
