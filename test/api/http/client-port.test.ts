import { connect, type Socket } from 'node:net';
import test from 'ava';
import { ClientPort } from '../../../src/api/front/client-port.ts';
import { kvMethods } from '../../../src/protocol/etcd/methods.ts';
import { RawClient } from '../etcd/differential/raw-client.ts';
import { startEtcdCluster } from '../etcd/etcd-cluster.ts';

const portOf = (address: string): number => Number(address.split(':')[1]);
const open = (address: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(portOf(address), '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });

test('the first bytes decide, however they are cut, and none is lost', async (t) => {
  const heard: string[] = [];
  let wake = (): void => {};
  const take = (kind: string) => (socket: Socket) => {
    socket.on('data', (bytes) => {
      heard.push(`${kind} ${bytes}`);
      wake();
    });
  };
  const port = new ClientPort({ http2: take('2'), http1: take('1') });
  const address = await port.listen('127.0.0.1:0');
  const said = async (...parts: string[]): Promise<string> => {
    const [first = '', ...rest] = parts;
    heard.length = 0;
    const socket = await open(address);
    socket.setNoDelay(true);
    const whole = parts.join('');
    const done = new Promise<void>((resolve) => {
      wake = () => {
        if (heard.map((each) => each.slice(2)).join('') === whole) resolve();
      };
    });
    socket.write(first);
    for (const part of rest) {
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      socket.write(part);
    }
    await done;
    socket.destroy();
    return heard.map((each) => each.slice(0, 1)).join('')[0] ?? '';
  };
  t.is(await said('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), '2');
  t.is(await said('P', 'R', 'I', ' * HTTP/2.0'), '2');
  t.is(await said('GET / HTTP/1.1\r\n\r\n'), '1');
  t.is(await said('P', 'UT / HTTP/1.1\r\n\r\n'), '1');
  t.is(await said('PR', 'OPFIND / HTTP/1.1\r\n\r\n'), '1');
  t.is(await said('\0'), '1');
  port.close();
});

test('those who connect and say nothing, or hang up, do no harm', async (t) => {
  const port = new ClientPort({ http2: () => t.fail(), http1: () => t.fail() });
  const address = await port.listen('127.0.0.1:0');
  const silent = await open(address);
  const closed = new Promise<void>((resolve) => silent.once('close', () => resolve()));
  const hasty = await open(address);
  const gone = new Promise<void>((resolve) => hasty.once('close', () => resolve()));
  hasty.end('PR');
  await gone;
  port.close();
  await closed;
  t.pass();
});

test('a port that is taken is said to be', async (t) => {
  const port = new ClientPort({ http2: () => {}, http1: () => {} });
  const address = await port.listen('127.0.0.1:0');
  const second = new ClientPort({ http2: () => {}, http1: () => {} });
  await t.throwsAsync(second.listen(address), { code: 'port-taken', message: /for clients/ });
  port.close();
});

test('idle connections of every kind leave room for those who ask', async (t) => {
  const cluster = await startEtcdCluster(1);
  const endpoint = cluster.endpoints[0]!;
  const sockets: Socket[] = [];
  for (let i = 0; i < 600; i++) {
    const socket = await open(endpoint);
    sockets.push(socket);
    if (i % 3 === 1) socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0');
    if (i % 3 === 2) socket.write('POST /v3/kv/range HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n');
  }
  const client = new RawClient(endpoint);
  const answer = await client.call(kvMethods.range, { key: 'x' as never });
  client.close();
  t.is(answer.kind, 'message');
  t.is((await fetch(`http://${endpoint}/health`)).status, 200);
  // Stops although they are all there.
  await cluster.stop();
  for (const socket of sockets) socket.destroy();
});

test('what is neither HTTP/1.1 nor HTTP/2 is turned away', async (t) => {
  const cluster = await startEtcdCluster(1);
  const endpoint = cluster.endpoints[0]!;
  for (const nonsense of [
    '\u0016\u0003\u0001\u0002\0\u0001\0',
    'PRI nonsense\r\n\r\n',
    'hello\r\n\r\n',
    '\xff'.repeat(70_000),
  ]) {
    const socket = await open(endpoint);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.resume();
    socket.write(nonsense, 'latin1');
    await closed;
  }
  t.is((await fetch(`http://${endpoint}/livez`)).status, 200);
  await cluster.stop();
});
