import { mkdir, readdir, rename, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/api/system-clock.ts';
import { keysOfIntegrity } from '../../src/dependencies/content-key.ts';
import { configFor } from '../../src/dependencies/npm/npm-config.ts';
import { StateRegistry } from '../../src/dependencies/registry/state-registry.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import { fakePackage, packument, startFakeRegistry } from './fake-registry.ts';
import { get, until } from './fleet.ts';
import { setting } from './setting.ts';

const wanted = fakePackage('wanted', 300_000);
const path = '/wanted/-/wanted-1.0.0.tgz';

const keysOf = (upstream: Parameters<typeof packument>[0]) => {
  const text = JSON.stringify(packument(upstream, wanted));
  return keysOfIntegrity(/"integrity":"([^"]+)"/.exec(text)![1]!);
};

test('a body from upstream that is not what metadata lists is never whole, kept or registered', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const agent = await fleet.agent('own', upstream.url);
  upstream.altered = Buffer.from(wanted.tarball);
  upstream.altered[200_000]! ^= 1;
  await t.throwsAsync(get(agent.address, path)); // it had begun, and breaks off
  upstream.altered = Buffer.from('something else');
  const short = await get(agent.address, path);
  t.is(short.status, 502);
  t.regex(short.body.toString(), /not what was wanted/);
  t.deepEqual(await new StateRegistry(fleet.state, systemClock).lookup(keysOf(upstream)), [[]]);
  upstream.altered = null;
  t.true((await get(agent.address, path)).body.equals(wanted.tarball));
});

test('metadata is asked about with its validator; without upstream the last word counts', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  upstream.etags = true;
  const agent = await fleet.agent('own', upstream.url, { metadataTtlMs: 0 });
  const first = await get(agent.address, '/wanted');
  let second = await get(agent.address, '/wanted');
  // One that comes while the first is still being taken in gets the same answer.
  await until(async () => {
    second = await get(agent.address, '/wanted');
    return agent.stats().counts.revalidations > 0;
  });
  t.true(first.body.equals(second.body));
  const unchanged = await get(agent.address, '/wanted', { 'if-none-match': String(second.headers.etag) });
  t.is(unchanged.status, 304);
  await upstream.stop();
  const stale = await get(agent.address, '/wanted');
  t.true(stale.body.equals(first.body));
  t.truthy(stale.headers.warning);
  t.is((await get(agent.address, '/unknown')).status, 502);
  await upstream.restart();
  t.is((await get(agent.address, '/unknown')).status, 404);
  t.falsy((await get(agent.address, '/wanted')).headers.warning);
});

test('what upstream says wrongly is told as that', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const agent = await fleet.agent('own', upstream.url);
  const cases: [string, number, RegExp, typeof upstream.intercept][] = [
    ['garbage', 502, /no JSON/, (_, response) => !!response.end('<html>')],
    ['of another', 502, /no metadata of/, (_, response) => !!response.end('{"name":"other","versions":{}}')],
    [
      'a loop',
      502,
      /redirects more than/,
      (request, response) => !!response.writeHead(302, { location: request.url! }).end(),
    ],
    [
      'nowhere',
      502,
      /no address/,
      (_, response) => !!response.writeHead(301, { location: 'file:///etc/passwd' }).end(),
    ],
    ['too many', 429, /429/, (_, response) => !!response.writeHead(429, { 'retry-after': '0' }).end()],
    ['forbidden', 403, /403/, (_, response) => !!response.writeHead(403).end()],
  ];
  for (const [name, status, text, intercept] of cases) {
    upstream.intercept = intercept;
    const got = await get(agent.address, '/wanted');
    t.is(got.status, status, name);
    t.regex(got.body.toString(), text, name);
  }
  upstream.intercept = () => false;
  t.is((await get(agent.address, '/wanted')).status, 200);
});

test('a tarball is tried again when upstream is too busy or breaks off', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const agent = await fleet.agent('own', upstream.url);
  let times = 0;
  upstream.intercept = (request, response) => {
    if (!request.url?.endsWith('.tgz') || ++times > 2) return false;
    if (times === 1) response.writeHead(503, { 'retry-after': '0' }).end();
    else {
      response.writeHead(200, { 'content-length': String(wanted.tarball.length) });
      response.write(wanted.tarball.subarray(0, 150_000), () => response.destroy());
    }
    return true;
  };
  t.true((await get(agent.address, path)).body.equals(wanted.tarball));
  t.is(times, 3);
});

test('names that lead elsewhere are refused, and reach neither the disk nor upstream', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const agent = await fleet.agent('own', upstream.url);
  for (const bad of [
    '/../etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/@scope/../x',
    '/%2e%2e/x',
    '/wanted/-/..%2f..%2fx.tgz',
    '/wanted/-/../../x.tgz',
    '/@scope%2f..%2f..%2fx',
    '/.hidden',
    '/a%00b',
    '/a\\b',
    '/wanted/-/.tgz',
    '/%',
    '//evil.example/x',
    '/@/x',
    '/wanted/-/x.tar',
  ]) {
    const got = await get(agent.address, bad);
    t.is(got.status, 400, bad);
  }
  t.is(upstream.asked.size, 0);
  t.is((await get(agent.address, '/wanted', {}, 'PUT')).status, 405);
});

test('peers can name nothing but digests', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const agent = await fleet.agent('own', upstream.url);
  for (const bad of [
    '/v1/objects/sha256/../../instance',
    '/v1/objects/sha256/00',
    `/v1/objects/md5/${'0'.repeat(64)}`,
    '/',
    '/wanted',
  ])
    t.is((await get(agent.peerAddress, bad)).status, 404, bad);
  t.is((await get(agent.peerAddress, '/v1/ping', {}, 'POST')).status, 405);
});

test('what is too large to keep is passed on, checked as any other', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const agent = await fleet.agent('own', upstream.url, { mostStoredBytes: 100_000 });
  t.true((await get(agent.address, path)).body.equals(wanted.tarball));
  t.is(agent.stats().counts.notStored, 1);
  upstream.altered = Buffer.from(wanted.tarball);
  upstream.altered[290_000]! ^= 1;
  await t.throwsAsync(get(agent.address, path));
  const strict = await fleet.agent('strict', upstream.url, { mostObjectBytes: 100_000 });
  const refused = await get(strict.address, path);
  t.is(refused.status, 502);
  t.regex(refused.body.toString(), /more than 100000 bytes/);
});

test('without the registry the sandbox is served; when it answers again all is registered', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const agent = await fleet.agent('own', upstream.url, { leaseTtlMs: 100 });
  fleet.state.failure = new TanistError('unavailable', 'no cluster');
  t.true((await get(agent.address, path)).body.equals(wanted.tarball));
  fleet.state.failure = null;
  const registry = new StateRegistry(fleet.state, systemClock);
  await until(async () => (await registry.lookup(keysOf(upstream)))[0]!.length === 1);
  // A lease that ended takes everything with it, until the next heartbeat.
  for (const lease of [...fleet.state.leases]) fleet.state.endLease(lease);
  await until(async () => (await registry.lookup(keysOf(upstream)))[0]!.length === 1);
  t.pass();
});

test('a restart keeps the cache; after an end without order damage is found before it is given out', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const cacheFolder = await fleet.folder();
  const first = await fleet.agent('own', upstream.url, { cacheFolder });
  await get(first.address, path);
  await first.stop();
  const second = await fleet.agent('own', upstream.url, { cacheFolder });
  t.true((await get(second.address, path)).body.equals(wanted.tarball));
  t.is(upstream.askedFor('.tgz'), 1);
  await t.throwsAsync(fleet.agent('twin', upstream.url, { cacheFolder }), { code: 'data-locked' });
  await t.throwsAsync(fleet.agent('own', upstream.url), { code: 'sandbox-exists' });
  await second.stop();
  // As if the process had been killed before the disk had everything.
  const { rm } = await import('node:fs/promises');
  await rm(join(cacheFolder, 'closed'));
  const objects = join(cacheFolder, 'objects');
  for (const shard of await readdir(objects))
    for (const name of await readdir(join(objects, shard)))
      if (!name.endsWith('.json'))
        await writeFile(
          join(objects, shard, name),
          Buffer.alloc((await import('node:fs')).statSync(join(objects, shard, name)).size),
        );
  const third = await fleet.agent('own', upstream.url, { cacheFolder });
  t.true((await get(third.address, path)).body.equals(wanted.tarball));
  t.is(upstream.askedFor('.tgz'), 2);
});

/** The package is in an agent's cache; `file`: its bytes there. */
async function cached(t: ExecutionContext) {
  const { upstream, fleet } = await setting(t, wanted);
  const cacheFolder = await fleet.folder();
  const agent = await fleet.agent('own', upstream.url, { cacheFolder });
  await get(agent.address, path);
  await until(() => agent.cache.count === 2);
  const { sha256 } = agent.cache.all().find(({ size }) => size === wanted.tarball.length)!;
  return { upstream, fleet, agent, file: join(cacheFolder, 'objects', sha256.slice(0, 2), sha256) };
}

test('a scrub finds what went bad on the disk', async (t) => {
  const { upstream, fleet, agent, file } = await cached(t);
  await writeFile(file, wanted.tarball.subarray(1));
  t.like(await agent.cache.scrub(), { objects: 2, damaged: 1 });
  const registry = new StateRegistry(fleet.state, systemClock);
  await until(async () => (await registry.lookup(keysOf(upstream)))[0]!.length === 0);
  t.true((await get(agent.address, path)).body.equals(wanted.tarball));
});

test('credentials go to the registry that they are of, and nowhere else', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const elsewhere = await startFakeRegistry([wanted]);
  t.teardown(() => elsewhere.stop());
  const npm = {
    ...configFor(upstream.url),
    credentials: { [`//${new URL(upstream.url).host}/`]: 'Bearer secret' },
  };
  const agent = await fleet.agent('own', npm);
  upstream.intercept = (request, response) => {
    if (!request.url?.endsWith('.tgz')) return false;
    response.writeHead(302, { location: `${elsewhere.url}${request.url.slice(1)}` }).end();
    return true;
  };
  t.true((await get(agent.address, path)).body.equals(wanted.tarball));
  t.true(upstream.headers.every(({ authorization }) => authorization === 'Bearer secret'));
  t.is(elsewhere.headers.length, 1);
  t.is(elsewhere.headers[0]?.authorization, undefined);
  t.false(fleet.said.some((line) => line.includes('secret')));
});

test('what the disk no longer has as it was is never whole, and fetched anew', async (t) => {
  const { agent, file } = await cached(t);
  const altered = Buffer.from(wanted.tarball);
  altered[10]! ^= 1;
  await writeFile(file, altered);
  await t.throwsAsync(get(agent.address, path));
  t.true((await get(agent.address, path)).body.equals(wanted.tarball));
});

test('what the disk cannot give at present is not taken for damaged: it stays', async (t) => {
  const { upstream, agent, file } = await cached(t);
  // Any error that says nothing of the bytes, as of too many open files.
  await rename(file, `${file}.aside`);
  await mkdir(file);
  await t.throwsAsync(get(agent.address, path));
  t.like(await agent.cache.scrub(), { objects: 2, damaged: 0 });
  t.is(agent.cache.count, 2);
  await rmdir(file);
  await rename(`${file}.aside`, file);
  t.true((await get(agent.address, path)).body.equals(wanted.tarball));
  t.is(upstream.askedFor('.tgz'), 1);
});

test('a kept connection that upstream closed meanwhile is no failure', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const agent = await fleet.agent('own', upstream.url, { metadataTtlMs: 0 });
  t.is((await get(agent.address, '/wanted')).status, 200);
  // As a server does with idle connections, at the moment when the next request is on its way.
  let closed = 0;
  upstream.intercept = (request) => {
    if (closed > 0) return false;
    closed++;
    request.socket.resetAndDestroy();
    return true;
  };
  await until(async () => (await get(agent.address, '/wanted')).status === 200 && closed === 1);
  t.is(agent.stats().counts.failures, 0);
});

test('many downloads at once keep within the size of the cache; what finds no room is passed on', async (t) => {
  const packages = Array.from({ length: 6 }, (_, i) => fakePackage(`large-${i}`, 200_000));
  const { upstream, fleet } = await setting(t, ...packages);
  const cacheBytes = 500_000;
  const cacheFolder = await fleet.folder();
  const agent = await fleet.agent('own', upstream.url, { cacheBytes, cacheFolder });
  const waiting: (() => void)[] = [];
  upstream.intercept = (request, response) => {
    const { tarball } = packages.find(({ name }) => request.url?.endsWith(`/${name}-1.0.0.tgz`)) ?? {};
    if (tarball === undefined) return false;
    response.writeHead(200, { 'content-length': tarball.length }).write(tarball.subarray(0, 190_000));
    waiting.push(() => response.end(tarball.subarray(190_000)));
    return true;
  };
  const answers = packages.map(({ name }) => get(agent.address, `/${name}/-/${name}-1.0.0.tgz`));
  await until(() => agent.stats().counts.upstreamBytes > 6 * 190_000);
  const parts = join(cacheFolder, 'parts');
  const sizes = await Promise.all(
    (await readdir(parts)).map(async (name) => (await stat(join(parts, name))).size),
  );
  t.true(sizes.reduce((sum, size) => sum + size, 0) <= cacheBytes, sizes.join());
  for (const end of waiting) end();
  for (const [i, { body }] of (await Promise.all(answers)).entries())
    t.true(body.equals(packages[i]!.tarball));
  t.true(agent.cache.bytes + agent.cache.stagedBytes <= cacheBytes);
});
