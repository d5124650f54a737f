import test from 'ava';
import { Refresher } from '../../src/mirrors/refresh/refresher.ts';
import { defineSource } from '../../src/mirrors/sdk/administration.ts';
import { failed } from '../../src/mirrors/sources/failed.ts';
import { FakeOrigin } from './fake-origin.ts';
import { httpServer } from './http-server.ts';
import { settle } from './test-clock.ts';
import { codeOf, world } from './world.ts';

const kept = { freshForMs: 3_600_000, refresh: 'on-demand' };

test('another format counts at once: what was kept before is not fresh', async (t) => {
  const { cluster, clock, origin, open, close } = world();
  const mirrors = await open({ sources: {} });
  const define = (fields: object): Promise<void> =>
    defineSource(cluster.client(), 't', {
      ...kept,
      origin: { kind: 'own', name: 'fake' },
      format: { fields },
    });
  origin.documents.set('a', { cpu: 1, ram: 2 });
  await define({ cpu: '/cpu' });
  await settle();
  t.deepEqual((await mirrors.poll('t/a')).value, { cpu: 1 });
  await settle();
  await define({ ram: '/ram' });
  await clock.advance(100);
  t.is(mirrors.peek('t/a'), null);
  t.deepEqual((await mirrors.poll('t/a')).value, { ram: 2 });
  await settle();
  t.is((await mirrors.poll('t/a')).hit, 'fresh');
  t.is(mirrors.live.entries.get('t/a')?.check?.counts.changes, 0);
  await close();
});

test('another address: neither its predecessor’s value nor its ETag, "gone" or back-off count', async (t) => {
  const serverOf = (from: string) =>
    httpServer((request, response) => {
      if (request.url === '/gone') response.writeHead(404).end();
      else if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end();
      else response.writeHead(200, { etag: '"1"' }).end(JSON.stringify({ from }));
    });
  await using staging = await serverOf('staging');
  await using production = await serverOf('production');
  const { cluster, open, close } = world();
  const mirrors = await open({ sources: {} });
  const define = async (url: string): Promise<void> => {
    await defineSource(cluster.client(), 'h', { ...kept, origin: { kind: 'http', url } });
    await settle();
  };
  await define(`${staging.url}/{key}`);
  t.deepEqual((await mirrors.poll('h/a')).value, { from: 'staging' });
  t.is(await codeOf(mirrors.poll('h/gone')), 'resource-missing');
  await settle();
  await define(`${production.url}/x-{key}`);
  t.deepEqual((await mirrors.poll('h/a')).value, { from: 'production' });
  t.deepEqual((await mirrors.poll('h/gone')).value, { from: 'production' });
  t.is(production.requests[0]?.headers['if-none-match'], undefined);
  await define('http://127.0.0.1:9/{key}');
  // Not what the one before said, as stale as that may be called.
  t.is(await codeOf(mirrors.poll('h/a')), 'origin-unreachable');
  await settle();
  await define(`${staging.url}/{key}`);
  t.deepEqual((await mirrors.poll('h/a')).value, { from: 'staging' });
  await close();
});

test('a refresher looks at what was kept by another config without waiting until it would be stale', async (t) => {
  const { cluster, clock, origin, open, close } = world();
  const mirrors = await open({ sources: {} });
  const refresher = new Refresher(mirrors);
  refresher.start();
  const source = { ...kept, refresh: 'interval', origin: { kind: 'own', name: 'fake' } };
  await defineSource(cluster.client(), 't', source);
  await settle();
  await mirrors.poll('t/a');
  await defineSource(cluster.client(), 't', { ...source, format: { fields: { cores: '/cpu' } } });
  await clock.advance(1000);
  t.deepEqual(mirrors.peek('t/a')?.value, { cores: 1 });
  t.is(origin.asked.length, 2);
  await refresher.stop();
  await close();
});

test('versions of another source are not compared', async (t) => {
  const { cluster, open, close } = world();
  const other = new FakeOrigin();
  other.documents.set('a', { v: 3 });
  const first = new FakeOrigin();
  first.documents.set('a', { v: 100 });
  const mirrors = await open({ sources: {}, may: { own: { first, other } } });
  const define = async (name: string): Promise<void> => {
    await defineSource(cluster.client(), 't', {
      ...kept,
      origin: { kind: 'own', name },
      format: { version: '/v' },
    });
    await settle();
  };
  await define('first');
  await mirrors.poll('t/a');
  await settle();
  await define('other');
  t.like(await mirrors.poll('t/a'), { value: { v: 3 }, trouble: null });
  other.answer = () => failed('origin-failed', 'down');
  t.is(await codeOf(mirrors.refresh('t/a')), 'origin-failed');
  await close();
});
