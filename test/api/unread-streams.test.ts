import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { Client, type ClientReadableStream, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import test from 'ava';
import type { EtcdFace } from '../../src/api/etcd/etcd-face.ts';
import { KeepAliveStream } from '../../src/api/etcd/lease/keep-alive-stream.ts';
import type { Renewals } from '../../src/api/etcd/lease/renewals.ts';
import type { RequiredLeader } from '../../src/api/etcd/watch/required-leader.ts';
import { BackupStreams } from '../../src/api/services/backup-stream.ts';
import type { ByteString } from '../../src/foundation/bytes.ts';
import type { LeaseId } from '../../src/foundation/ids.ts';
import { limits } from '../../src/foundation/limits.ts';
import type { RenewalDone } from '../../src/node/node.ts';
import type { ServedNode } from '../../src/node/served-node.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { encodeMessage } from '../../src/protocol/etcd/codec.ts';
import {
  electionMethods,
  kvMethods,
  leaseMethods,
  maintenanceMethods,
} from '../../src/protocol/etcd/methods.ts';
import { RawClient } from './etcd/differential/raw-client.ts';
import { type EtcdTestCluster, startEtcdCluster } from './etcd/etcd-cluster.ts';
import { FakeCall } from './fake-call.ts';

const b = (text: string): ByteString => text as ByteString;
const same = (bytes: Buffer): Buffer => bytes;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
};

const watchers = async (): Promise<number> => {
  const page = await fetch(`http://${cluster.nodes[0]!.addresses.http}/metrics`);
  return Number(/^tanist_watchers (\d+)/m.exec(await page.text())?.[1]);
};

let cluster: EtcdTestCluster;
let other: RawClient;

test.before(async () => {
  cluster = await startEtcdCluster(1);
  other = new RawClient(cluster.endpoints[0]!);
});
test.after.always(async () => {
  other?.close();
  await cluster?.stop();
});

async function othersAreUnharmed(t: { is: (a: unknown, b: unknown) => void }): Promise<void> {
  t.is((await other.call(kvMethods.put, { key: b('other'), value: b('x') })).kind, 'message');
  t.is((await other.call(kvMethods.range, { key: b('other') })).kind, 'message');
}

test('who renews leases and reads no answer is read no more, and loses nothing', async (t) => {
  const call = new FakeCall('renews:1');
  const face = { header: () => ({ cluster_id: 1n, member_id: 1n, revision: 1, raft_term: 1 }) };
  const renewals = { renew: (_: LeaseId, done: RenewalDone) => done(10_000) };
  const leader = { watch: () => () => {} };
  new KeepAliveStream(
    face as unknown as EtcdFace,
    renewals as unknown as Renewals,
    leader as unknown as RequiredLeader,
    Object.assign(call.call, { metadata: null }),
  );
  const renewal = encodeMessage(leaseMethods.leaseKeepAlive.request, { ID: 123n });
  call.stopReading();
  let sent = 0;
  for (; !call.isPaused() && sent < 100_000; sent++) call.sends(renewal);
  t.true(sent < 1000, `${sent} were read of a client that takes no answers`);
  await call.readAgain();
  t.false(call.isPaused());
  t.is(call.taken.length, sent);
  t.is(call.endedWith, null);
});

test('who observes an election and does not read holds back itself; with it go the watches', async (t) => {
  const client = new Client(cluster.endpoints[0]!, credentials.createInsecure());
  const before = await watchers();
  const { ID } = (
    (await other.call(leaseMethods.leaseGrant, { TTL: 600 })) as unknown as { message: { ID: bigint } }
  ).message;
  await other.call(electionMethods.campaign, { name: b('el'), lease: ID, value: b('v') });
  const streams: ClientReadableStream<Buffer>[] = [];
  for (let i = 0; i < 20; i++) {
    const request = encodeMessage(electionMethods.observe.request, { name: b('el') });
    const stream = client.makeServerStreamRequest(electionMethods.observe.path, same, same, request);
    stream.on('error', () => {});
    streams.push(stream);
  }
  await until(async () => (await watchers()) === before + 20);
  const key = b(`el/${ID.toString(16)}`);
  const value = b('x'.repeat(1024 * 1024));
  for (let i = 0; i < 5; i++) await other.call(kvMethods.put, { key, value, lease: ID });
  await othersAreUnharmed(t);
  client.close();
  for (const stream of streams) stream.cancel();
  await until(async () => (await watchers()) === before);
  t.pass();
});

test('backups that nobody reads: a connection has a few, and lets go of them when it goes', async (t) => {
  const value = b('y'.repeat(1024 * 1024));
  for (let i = 0; i < 4; i++) await other.call(kvMethods.put, { key: b(`big${i}`), value });
  const connect = () =>
    new Client(cluster.endpoints[0]!, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  const { path } = maintenanceMethods.snapshot;
  const open = (client: Client) => client.makeServerStreamRequest(path, same, same, Buffer.alloc(0));
  const read = (call: ClientReadableStream<Buffer>): Promise<string> =>
    new Promise((resolve) => {
      call.on('data', () => {});
      call.on('error', ({ message }) => resolve(message));
      call.on('end', () => resolve('whole'));
    });
  for (let round = 0; round <= limits.backups / limits.backupsPerConnection; round++) {
    const client = connect();
    const unread = Array.from({ length: limits.backupsPerConnection }, () => open(client));
    for (const call of unread) call.on('error', () => {});
    await Promise.all(unread.map((call) => new Promise((resolve) => call.once('metadata', resolve))));
    t.regex(await read(open(client)), /RESOURCE_EXHAUSTED: etcdserver: too many requests/);
    await othersAreUnharmed(t);
    for (const call of unread) call.cancel();
    client.close();
    const again = connect();
    // The node hears of it in its own time.
    while ((await read(open(again))) !== 'whole') await turn();
    again.close();
  }
});

/** A call that takes one message, and then none. */
class StalledCall extends FakeCall {
  cancelled = false;
}

test('a backup whose client takes nothing any more is given up', async (t) => {
  const due: (() => void)[] = [];
  const clock = {
    after: (_: number, act: () => void) => {
      due.push(act);
      return { cancel: () => void due.splice(due.indexOf(act), 1) };
    },
  } as unknown as Clock;
  let closed = 0;
  const node = {
    maintenance: { sizes: async () => ({ diskBytes: 3, liveBytes: 3 }) },
    async *backup() {
      try {
        for (let i = 0; i < 5; i++) yield new Uint8Array(1);
      } finally {
        closed++;
      }
    },
  } as unknown as ServedNode;
  const backups = new BackupStreams(node, clock);
  const start = (peer: string) => {
    const call = new StalledCall(peer);
    call.stopReading();
    const over = backups.stream(
      call as unknown as ServerWritableStream<Buffer, Buffer>,
      (chunk) => chunk as Buffer,
    );
    return { call, over };
  };
  const started = Array.from({ length: limits.backups }, (_, i) => start(`p:${i >> 1}`));
  while (due.length < limits.backups) await turn();
  const late = start('late:1');
  await late.over;
  t.is(late.call.endedWith?.code, 'overloaded', 'the node has all that it may have');
  for (const act of [...due]) act();
  await Promise.all(started.map(({ over }) => over));
  t.is(closed, limits.backups);
  t.is(started[0]!.call.endedWith?.code, 'deadline-exceeded');
  const next = start('next:1');
  while (due.length === 0) await turn();
  next.call.emit('cancelled');
  await next.over;
  t.is(closed, limits.backups + 1);
  t.is(next.call.endedWith, null);
});

test('the stream of a backup that is given up is reset, though its client keeps the connection', async (t) => {
  const due: (() => void)[] = [];
  const clock = {
    after: (_: number, act: () => void) => {
      due.push(act);
      return { cancel: () => void due.splice(due.indexOf(act), 1) };
    },
  } as unknown as Clock;
  const node = {
    maintenance: { sizes: async () => ({ diskBytes: 3, liveBytes: 3 }) },
    async *backup() {
      for (let i = 0; i < 50; i++) yield new Uint8Array(100_000);
    },
  } as unknown as ServedNode;
  const backups = new BackupStreams(node, clock);
  const server = new Server();
  const { path } = maintenanceMethods.snapshot;
  const plain = { requestSerialize: same, requestDeserialize: same, responseSerialize: same };
  const definition = {
    ...{ path, requestStream: false, responseStream: true, responseDeserialize: same, ...plain },
  } as const;
  let over = false;
  server.addService(
    { snapshot: definition },
    {
      snapshot: (call: ServerWritableStream<Buffer, Buffer>) => {
        void backups
          .stream(call, (chunk) => Buffer.from(chunk))
          .then(() => {
            over = true;
          });
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    const insecure = ServerCredentials.createInsecure();
    server.bindAsync('127.0.0.1:0', insecure, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
  try {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
    stream.on('error', () => {});
    const closed = once(stream, 'close');
    stream.end(Buffer.alloc(5));
    await until(() => due.length === 1);
    due[0]?.();
    await closed;
    t.is(stream.rstCode, constants.NGHTTP2_CANCEL);
    await until(() => over);
    t.false(session.closed || session.destroyed);
  } finally {
    session.destroy();
    server.forceShutdown();
  }
});
