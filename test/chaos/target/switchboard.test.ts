import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { Switchboard } from '../../../src/chaos/target/proxy/switchboard.ts';
import { eventually } from '../../../src/local/eventually.ts';
import { freePorts } from '../../../src/local/ports.ts';

/** A member: what it is told, and who is connected. */
interface Callee {
  readonly server: Server;
  readonly sockets: Socket[];
  heard: string;
}

async function callee(port: number): Promise<Callee> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      made.heard += bytes.toString();
      socket.write(`echo ${bytes.toString()}`);
    });
  });
  const made: Callee = { server, sockets, heard: '' };
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return made;
}

interface Caller {
  readonly socket: Socket;
  heard: string;
  closed: boolean;
}

function caller(t: ExecutionContext, port: number): Caller {
  const socket = connect({ host: '127.0.0.1', port });
  const made: Caller = { socket, heard: '', closed: false };
  socket.on('error', () => undefined);
  socket.on('close', () => {
    made.closed = true;
  });
  socket.on('data', (bytes) => {
    made.heard += bytes.toString();
  });
  t.teardown(() => socket.destroy());
  return made;
}

const until = (condition: () => boolean, what: string): Promise<true> =>
  eventually(async () => (condition() ? true : null), what, { patienceMs: 10_000, everyMs: 2 });

/** a and c call b through the proxy. */
async function setUp(t: ExecutionContext) {
  const [real = 0, fromA = 0, fromC = 0] = await freePorts(3);
  const board = new Switchboard();
  const b = await callee(real);
  const target = `127.0.0.1:${real}`;
  await board.follow({
    kind: 'open',
    ways: [
      { from: 'a', to: 'b', port: fromA, target },
      { from: 'c', to: 'b', port: fromC, target },
    ],
  });
  t.teardown(() => {
    board.close();
    b.server.close();
    for (const socket of b.sockets) socket.destroy();
  });
  return { board, b, real, fromA, fromC };
}

test('a direction that is cut is silent, the other goes on, and all that waited comes when it is healed', async (t) => {
  const { board, b, fromA } = await setUp(t);
  const a = caller(t, fromA);
  a.socket.write('one');
  await until(() => a.heard === 'echo one', 'an echo');
  await board.follow({ kind: 'shape', from: 'a', to: 'b', shape: { cut: true } });
  a.socket.write('two');
  b.sockets[0]?.write(' news');
  await until(() => a.heard === 'echo one news', 'what b says');
  t.is(b.heard, 'one');
  const late = caller(t, fromA);
  await once(late.socket, 'connect');
  late.socket.write('three');
  // Neither is the end told.
  a.socket.end();
  t.is(b.sockets.length, 1);
  await board.follow({ kind: 'heal' });
  await until(() => b.heard.includes('two') && b.heard.includes('three'), 'what waited');
  await until(() => a.closed, 'the end');
});

test('what is delayed comes after what is not, and in its order', async (t) => {
  const { board, b, fromA, fromC } = await setUp(t);
  await board.follow({ kind: 'shape', from: 'a', to: 'b', shape: { delayMs: 500, jitterMs: 100 } });
  const a = caller(t, fromA);
  const c = caller(t, fromC);
  for (const digit of '0123456789') a.socket.write(digit);
  c.socket.write('c');
  await until(() => b.heard.length === 11, 'all of it');
  t.is(b.heard, 'c0123456789');
});

test('a narrow link holds the sender back', async (t) => {
  const { board, b, fromA } = await setUp(t);
  await board.follow({ kind: 'shape', from: 'a', to: 'b', shape: { bytesPerSecond: 200_000 } });
  const a = caller(t, fromA);
  a.socket.write('x'.repeat(100_000));
  await until(() => b.heard.length > 0, 'the first of it');
  t.true(b.heard.length < 100_000);
  await board.follow({ kind: 'heal' });
  await until(() => b.heard.length === 100_000, 'all of it');
});

test('a way to a member that listens no more is refused, by the time that its connections are heard to be gone, and open again with it', async (t) => {
  const { b, real, fromA, fromC } = await setUp(t);
  const a = caller(t, fromA);
  a.socket.write('one');
  await until(() => a.heard !== '', 'an echo');
  b.server.close();
  for (const socket of b.sockets) socket.resetAndDestroy();
  await until(() => a.closed, 'the end');
  const refused = caller(t, fromC);
  const [error] = (await once(refused.socket, 'error')) as [NodeJS.ErrnoException];
  t.is(error.code, 'ECONNREFUSED');
  const again = await callee(real);
  await eventually(async () => {
    const one = caller(t, fromC);
    await once(one.socket, 'connect');
    one.socket.write('back');
    await until(() => one.heard === 'echo back', 'an echo');
    return true;
  }, 'the way back');
  again.server.close();
  for (const socket of again.sockets) socket.destroy();
});

test('a member that is gone behind a cut is silent, not refused', async (t) => {
  const { board, b, fromA } = await setUp(t);
  await board.follow({ kind: 'shape', from: 'b', to: 'a', shape: { cut: true } });
  b.server.close();
  const a = caller(t, fromA);
  await once(a.socket, 'connect');
  t.false(a.closed);
  await board.follow({ kind: 'heal' });
  await until(() => a.closed, 'the end');
});

test('a door that all share knows by the connection who calls', async (t) => {
  const [real = 0, shared = 0] = await freePorts(2);
  if (process.platform !== 'linux') {
    t.log('only Linux tells whose a connection is');
    t.pass();
    return;
  }
  const board = new Switchboard();
  const b = await callee(real);
  t.teardown(() => {
    board.close();
    b.server.close();
    for (const socket of b.sockets) socket.destroy();
  });
  await board.follow({
    kind: 'open',
    ways: [{ from: null, to: 'b', port: shared, target: `127.0.0.1:${real}` }],
  });
  await board.follow({ kind: 'process', id: 'a', pid: process.pid });
  await board.follow({ kind: 'shape', from: 'a', to: 'b', shape: { cut: true } });
  const a = caller(t, shared);
  a.socket.write('one');
  await once(a.socket, 'connect');
  t.is(b.heard, '');
  await board.follow({ kind: 'heal' });
  await until(() => a.heard === 'echo one', 'an echo');
});
