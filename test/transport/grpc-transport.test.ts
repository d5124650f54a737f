import { connect, createServer, type Socket } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { nodeId } from '../../src/foundation/ids.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { beforeAll } from '../../src/ports/log-store.ts';
import { peerService } from '../../src/protocol/services.ts';
import { encodeEnvelope, encodeHelloEnvelope } from '../../src/transport/envelope.ts';
import { sizes } from '../../src/transport/options.ts';
import { helloOf } from '../../src/transport/peer-wire.ts';
import { a, append, b, GrpcNetwork, numbered, Recorder, realClock, until } from './harness.ts';
import { fakeSentinel } from './sentinel/fake-sentinel.ts';
import { transportSuite } from './suite.ts';

transportSuite(test, 'gRPC', () => new GrpcNetwork());

/** Closed however the test ends: what stays open holds its worker, and with that the whole run. */
function networkOf(t: ExecutionContext, clock?: Clock): GrpcNetwork {
  const network = new GrpcNetwork(clock);
  t.teardown(() => network.close());
  return network;
}

test('a taken port is named', async (t) => {
  const network = networkOf(t);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
  network.addresses.set(a, address);
  const error = await t.throwsAsync(network.start(a, new Recorder(a)), { code: 'port-taken' });
  t.true(error?.message.includes(address));
  server.close();
});

test('another cluster and another node at the address are refused, and said once each', async (t) => {
  const network = networkOf(t);
  const [nodeA, nodeB] = [new Recorder(a), new Recorder(b)];
  const transportA = await network.start(a, nodeA);
  await network.start(b, nodeB, 'start-b', 'other');
  await until(() => network.lines.length >= 4);
  const reasons = network.lines.map((line) => String(line.fields.reason));
  t.true(
    reasons.every((reason) => /node (a|b) belongs to cluster (cluster|other)/.test(reason)),
    reasons.join(),
  );
  await t.throwsAsync(transportA.probe(b, 5000), { code: 'data-of-another-cluster' });
  t.deepEqual(
    [...nodeA.events, ...nodeB.events].filter((event) => event.startsWith('connected')),
    [],
  );

  const lines = network.lines.map(({ fields }) => `${fields.peer}: ${fields.reason}`);
  t.is(new Set(lines).size, lines.length);

  const wrong = nodeId('wrong');
  transportA.setPeers(new Map([[wrong, network.addresses.get(a)!]]));
  await until(() => network.lines.some(({ fields }) => /ids must differ/.test(String(fields.reason))));
  t.is(transportA.roundTripMs(b), null);
});

test('a peer that does not answer is silent, not refused', async (t) => {
  const network = networkOf(t);
  const sockets: Socket[] = [];
  const mute = createServer((socket) => sockets.push(socket.on('error', () => {})));
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  network.addresses.set(b, `127.0.0.1:${(mute.address() as { port: number }).port}`);
  const nodeA = new Recorder(a);
  const transportA = await network.start(a, nodeA);
  await t.throwsAsync(transportA.probe(b, 20), { code: 'deadline-exceeded' });
  await until(() => nodeA.events.length > 0);
  t.deepEqual(nodeA.events, ['silent b']);
  for (const socket of sockets) socket.destroy();
  mute.close();
});

test('a connection that gives no answer is given up for a new one as soon as the peer is heard', async (t) => {
  // No wait of A comes to an end that is longer than those it has between two attempts.
  const impatient = {
    ...realClock,
    after: (ms: number, act: () => void) => realClock.after(ms > 400 ? 1e9 : ms, act),
  };
  const [networkA, networkB] = [networkOf(t, impatient), networkOf(t)];
  const sockets: Socket[] = [];
  let reached: string | null = null;
  const door = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    if (reached === null) return;
    const [host, port] = reached.split(':');
    const onward = connect({ host: host!, port: Number(port) }).on('error', () => {});
    sockets.push(onward);
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  networkA.addresses.set(b, `127.0.0.1:${(door.address() as { port: number }).port}`);
  const [nodeA, nodeB] = [new Recorder(a), new Recorder(b)];
  await networkA.start(a, nodeA);
  await until(() => nodeA.events.includes('silent b'));
  networkB.addresses.set(a, networkA.addresses.get(a)!);
  const transportB = await networkB.start(b, nodeB);
  reached = `127.0.0.1:${transportB.port}`;
  await until(() => nodeA.events.includes('connected b start-b'));
  t.deepEqual(nodeA.events, ['silent b', 'connected b start-b']);
  for (const socket of sockets) socket.destroy();
  door.close();
});

test('what is not an envelope, or speaks for another, ends that stream only', async (t) => {
  const network = networkOf(t);
  const [nodeA, nodeB] = [new Recorder(a), new Recorder(b)];
  const transportA = await network.start(a, nodeA);
  await network.start(b, nodeB);
  await until(() => nodeA.events.includes('connected b start-b'));
  const { path, requestSerialize, responseDeserialize } = peerService.messages;
  const stranger = helloOf({
    clusterId: 'cluster',
    nodeId: nodeId('x'),
    storeId: 's',
    bootCounter: 1,
    incarnation: 'i',
    last: beforeAll,
  });
  for (const [first, second, expected] of [
    [Buffer.from([0xff]), null, /malformed/],
    [encodeEnvelope([], 1), null, /hello/],
    [encodeHelloEnvelope(stranger), Buffer.from([0x12, 0x05, 1]), /malformed/],
    [encodeHelloEnvelope(stranger), encodeEnvelope([numbered(a, b, 1)], 0), /from or to another node/],
  ] as const) {
    const client = new Client(network.addresses.get(b)!, credentials.createInsecure());
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const ended = new Promise<Error>((resolve) => stream.on('error', resolve));
    stream.on('data', () => {});
    stream.write(first);
    if (second !== null) stream.write(second);
    t.regex((await ended).message, expected);
    client.close();
  }
  transportA.send(b, numbered(a, b, 5));
  await until(() => nodeB.messages.length > 0);
  t.is(nodeB.messages.length, 1);
  t.false(nodeA.events.includes('dropped b'));
});

test('messages beyond the bound of the queue are dropped, and the stream goes on', async (t) => {
  const network = networkOf(t);
  const [nodeA, nodeB] = [new Recorder(a), new Recorder(b)];
  const transportA = await network.start(a, nodeA);
  await network.start(b, nodeB);
  await until(() => nodeA.events.includes('connected b start-b'));
  const payload = Buffer.alloc(1024 * 1024);
  const count = Math.ceil((sizes.queueBytes * 4) / payload.length);
  let sent = 0;
  while (sent < count) transportA.send(b, append(a, b, ++sent, payload));
  t.true(transportA.droppedMessages(b) > 0);
  t.true(transportA.droppedMessages(b) <= count - sizes.queueBytes / payload.length);
  await until(() => nodeB.messages.length + transportA.droppedMessages(b) === count);
  transportA.send(b, numbered(a, b, 1));
  await until(() => nodeB.messages.at(-1)?.type === 'readIndexRequest');
});

test('round trips are measured', async (t) => {
  const network = networkOf(t);
  const [nodeA, nodeB] = [new Recorder(a), new Recorder(b)];
  const transportA = await network.start(a, nodeA);
  t.is(transportA.roundTripMs(b), null);
  await network.start(b, nodeB);
  await until(() => transportA.roundTripMs(b) !== null);
  t.true((transportA.roundTripMs(b) ?? 0) > 0);
});

test('a sentinel that ends means that its process has, until that is heard anew', async (t) => {
  const network = networkOf(t);
  const [nodeA, nodeB] = [new Recorder(a), new Recorder(b)];
  const sentinel = await fakeSentinel();
  const transportA = await network.start(a, nodeA);
  const transportB = await network.start(b, nodeB, 'start-b', 'cluster', sentinel);
  const [metB, metA] = ['connected b start-b', 'connected a start-a'];
  await until(() => nodeA.events.at(-1) === metB && nodeB.events.at(-1) === metA);
  await until(() => sentinel.connections.size === 1);
  const met = nodeA.events.length;
  for (const socket of sentinel.connections) socket.resetAndDestroy();
  await until(() => nodeA.events.length > met);
  t.is(nodeA.events[met], 'gone b');
  // It lives, and hears of it itself: it says so by new connections, and is a peer as before.
  const [goneA, goneB] = [nodeA.events.length, nodeB.events.length];
  sentinel.close();
  await until(() => nodeA.events.length > goneA && nodeA.events.at(-1) === metB);
  await until(() => nodeB.events.length > goneB && nodeB.events.at(-1) === metA);
  const before = nodeA.messages.length;
  await until(() => {
    transportB.send(a, numbered(b, a, 1));
    return nodeA.messages.length > before;
  });
  t.is(transportA.droppedMessages(b), 0);
});

test('a peer whose connection to its sentinel alone was reset is a peer again, though it has noticed nothing', async (t) => {
  const network = networkOf(t);
  const [nodeA, nodeB] = [new Recorder(a), new Recorder(b)];
  const sentinel = await fakeSentinel();
  await network.start(a, nodeA);
  await network.start(b, nodeB, 'start-b', 'cluster', sentinel);
  const metB = 'connected b start-b';
  for (let round = 0; round < 2; round++) {
    await until(() => nodeA.events.at(-1) === metB && sentinel.connections.size === 1);
    const met = nodeA.events.length;
    for (const socket of sentinel.connections) socket.resetAndDestroy();
    await until(() => nodeA.events.length > met);
    t.is(nodeA.events[met], 'gone b');
  }
  await until(() => nodeA.events.at(-1) === metB);
  sentinel.close();
});
