import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import test from 'ava';
import { SentinelWatch } from '../../../src/transport/sentinel/sentinel-watch.ts';
import { until } from '../harness.ts';
import { fakeSentinel } from './fake-sentinel.ts';

test('the end of a sentinel is told once, that of the one before it never', async (t) => {
  const [first, second] = await Promise.all([fakeSentinel(), fakeSentinel()]);
  let gone = 0;
  const watch = new SentinelWatch(() => gone++);
  watch.watch('127.0.0.1:1', first.port);
  watch.watch('127.0.0.1:1', first.port);
  await until(() => first.connections.size > 0);
  watch.watch('127.0.0.1:1', second.port);
  await until(() => second.connections.size > 0 && first.connections.size === 0);
  first.close();
  t.is(gone, 0);
  second.close();
  await until(() => gone > 0);
  watch.watch('127.0.0.1:1', 0);
  t.is(gone, 1);
  watch.close();
});

test('one connection for the same sentinel, however often it is said', async (t) => {
  const sentinel = await fakeSentinel();
  let seen = 0;
  const watch = new SentinelWatch(() => {});
  for (let i = 0; i < 3; i++) watch.watch('127.0.0.1:1', sentinel.port);
  await until(() => sentinel.connections.size > 0);
  watch.watch('[127.0.0.1]:2', sentinel.port);
  // Connections are taken in the order in which they were made: a later one is seen, so an earlier would have been.
  const last = new SentinelWatch(() => {});
  last.watch('127.0.0.1:1', sentinel.port);
  await until(() => {
    seen = sentinel.connections.size;
    return seen >= 2;
  });
  t.is(seen, 2);
  watch.close();
  last.close();
  sentinel.close();
});

test('a sentinel that was never reached says nothing by that', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const reached = await fakeSentinel();
  let gone = 0;
  new SentinelWatch(() => gone++).watch('127.0.0.1:1', port);
  const control = new SentinelWatch(() => gone++);
  control.watch('127.0.0.1:1', reached.port);
  await until(() => reached.connections.size > 0);
  reached.close();
  await until(() => gone > 0);
  t.is(gone, 1, 'the reached one alone');
});

test('a connection that is ended in good order says nothing: a proxy ends idle ones, a kill resets', async (t) => {
  const [ending, control] = await Promise.all([fakeSentinel(), fakeSentinel()]);
  const gone: string[] = [];
  const watch = new SentinelWatch(() => gone.push('ended'));
  watch.watch('127.0.0.1:1', ending.port);
  await until(() => ending.connections.size > 0);
  for (const socket of ending.connections) socket.end();
  await until(() => ending.connections.size === 0);
  const controlled = new SentinelWatch(() => gone.push('reset'));
  controlled.watch('127.0.0.1:1', control.port);
  await until(() => control.connections.size > 0);
  control.close();
  await until(() => gone.length > 0);
  t.deepEqual(gone, ['reset']);
  // It can be watched again.
  watch.watch('127.0.0.1:1', ending.port);
  await until(() => ending.connections.size > 0);
  ending.close();
  await until(() => gone.length > 1);
  t.deepEqual(gone, ['reset', 'ended']);
});
