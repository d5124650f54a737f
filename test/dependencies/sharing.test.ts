import { createHash } from 'node:crypto';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { parseKeyText } from '../../src/dependencies/content-key.ts';
import { Turns } from '../../src/dependencies/npm/turns.ts';
import { TestClock } from '../mirrors/test-clock.ts';
import { type FakePackage, fakePackage, packument } from './fake-registry.ts';
import { get, until } from './fleet.ts';
import { sandbox } from './registry-conformance.ts';
import { setting } from './setting.ts';

const path = ({ name }: FakePackage): string => `/${name}/-/${name}-1.0.0.tgz`;
const sha512Of = ({ tarball }: FakePackage) =>
  parseKeyText(`sha512-${createHash('sha512').update(tarball).digest('hex')}`);

test('an agent with a copy of a cache is refused the id of the one that runs with it', async (t) => {
  const { upstream, fleet } = await setting(t, fakePackage('wanted'));
  const cacheFolder = await fleet.folder();
  const first = await fleet.agent('same', upstream.url, { cacheFolder });
  const copy = await fleet.folder();
  await cp(cacheFolder, copy, { recursive: true });
  await rm(join(copy, 'lock'));
  const error = await t.throwsAsync(fleet.agent('same', upstream.url, { cacheFolder: copy }), {
    code: 'sandbox-exists',
  });
  t.regex(error.message, /copy of this cache/);
  t.true(first.stats().joined);
  await first.stop();
  const later = await fleet.agent('same', upstream.url, { cacheFolder: copy });
  t.true(later.stats().joined);
});

test('an agent whose id another took says so, and says nothing in its name; it has the id again when that one is gone', async (t) => {
  const [wanted, later] = [fakePackage('wanted'), fakePackage('later')];
  const { upstream, fleet, registry } = await setting(t, wanted, later);
  const agent = await fleet.agent('same', upstream.url, { leaseTtlMs: 300 });
  await get(agent.address, path(wanted));
  const { instance } = agent.stats().sandbox;
  const other = { ...sandbox('same', instance), address: '127.0.0.1:1' };
  await registry.join(other, 10_000);
  await get(agent.address, path(later));
  await until(() => !agent.stats().joined);
  await until(() => fleet.said.length > 0);
  t.is((await registry.lookup([sha512Of(later)]))[0]?.length, 0);
  t.regex(fleet.said.join('\n'), /127\.0\.0\.1:1 is same already/);
  t.is((await get(agent.address, path(wanted))).status, 200);
  await registry.invalidate('same');
  await until(() => agent.stats().joined);
  await until(async () => (await registry.lookup([sha512Of(later)]))[0]?.length === 1);
  t.is(fleet.said.filter((text) => text.includes('already')).length, 1);
});

test('where the one that announced an object is dead, one of those that wait for it fetches it', async (t) => {
  const wanted = fakePackage('wanted', 300_000);
  const { upstream, fleet, registry } = await setting(t, wanted);
  await registry.join({ ...sandbox('dead'), address: '127.0.0.1:1' }, 30_000);
  await registry.claim('dead', sha512Of(wanted));
  const ids = Array.from({ length: 8 }, (_, i) => `a${i}`);
  const agents = await Promise.all(ids.map((id) => fleet.agent(id, upstream.url)));
  const got = await Promise.all(agents.map(({ address }) => get(address, path(wanted))));
  t.true(got.every(({ body }) => body.equals(wanted.tarball)));
  t.is(upstream.askedFor('.tgz'), 1);
});

test('that a package does not exist is asked for once in a while, whoever asks', async (t) => {
  const { upstream, fleet } = await setting(t);
  const agent = await fleet.agent('own', upstream.url);
  for (let i = 0; i < 5; i++) t.is((await get(agent.address, '/nothing')).status, 404);
  t.is(upstream.askedFor('/nothing'), 1);
});

test('those who ask together for what does not exist share one answer', async (t) => {
  const { upstream, fleet } = await setting(t);
  const agent = await fleet.agent('own', upstream.url);
  const answers = await Promise.all(Array.from({ length: 10 }, () => get(agent.address, '/nothing')));
  t.true(answers.every(({ status }) => status === 404));
  t.is(upstream.askedFor('/nothing'), 1);
});

test('large metadata asked for at once is rewritten in turns, and all of it comes', async (t) => {
  const packages = Array.from({ length: 6 }, (_, i) => fakePackage(`large-${i}`, 100));
  const { upstream, fleet } = await setting(t, ...packages);
  const readme = 'x'.repeat(2_000_000);
  upstream.intercept = (request, response) => {
    const found = packages.find(({ name }) => request.url === `/${name}`);
    if (found === undefined) return false;
    response.writeHead(200, { 'content-type': 'application/json' });
    return !!response.end(JSON.stringify({ ...packument(upstream, found), readme }));
  };
  const agent = await fleet.agent('own', upstream.url);
  const answers = await Promise.all(
    [...packages, ...packages].map(({ name }) => get(agent.address, `/${name}`)),
  );
  t.true(answers.every(({ status, body }) => status === 200 && body.length > 2_000_000));
});

test('turns: so many at a time, the others in their order, too many are refused, and who waits too long', async (t) => {
  const clock = new TestClock();
  const turns = new Turns(clock, 2, 2, 1000);
  const first = await turns.enter();
  const second = await turns.enter();
  const entered: string[] = [];
  const next = async (name: string): Promise<() => void> => {
    const end = await turns.enter();
    entered.push(name);
    return end;
  };
  const third = next('third');
  const fourth = next('fourth');
  await t.throwsAsync(turns.enter(), { code: 'overloaded' });
  t.deepEqual(entered, []);
  second();
  const end = await third;
  t.deepEqual(entered, ['third']);
  end();
  (await fourth)();
  const fifth = await turns.enter();
  const late = t.throwsAsync(turns.enter(), { code: 'overloaded' });
  await clock.advance(1000);
  await late;
  const sixth = turns.enter();
  fifth();
  (await sixth)();
  first();
  (await turns.enter())();
});

test('metadata that is too large is fetched once in a while, and named', async (t) => {
  const { upstream, fleet } = await setting(t);
  let sent = 0;
  upstream.intercept = (_, response) => {
    sent++;
    response.writeHead(200, { 'content-type': 'application/json' });
    const part = Buffer.alloc(1 << 20, ' ');
    const more = (): void => {
      while (!response.destroyed && response.write(part));
    };
    response.on('drain', more);
    more();
    return true;
  };
  const agent = await fleet.agent('own', upstream.url, { cacheBytes: 1e9, metadataTtlMs: 0 });
  for (let i = 0; i < 3; i++) {
    const { status, body } = await get(agent.address, '/huge');
    t.is(status, 502);
    t.regex(body.toString(), /metadata of huge at 127\.0\.0\.1:\d+ is larger than 268435456 bytes/);
  }
  t.is(sent, 1);
});

test('one body of many addresses keeps a few rows', async (t) => {
  const { upstream, fleet } = await setting(t);
  upstream.intercept = (_, response) =>
    !!response.writeHead(200, { 'cache-control': 'max-age=600', 'content-type': 'text/plain' }).end('ok');
  const agent = await fleet.agent('own', upstream.url);
  const rows = async (): Promise<number> => (await fleet.state.get('dep/k/url/', { prefix: true })).count;
  for (let i = 0; i < 90; i++) t.is((await get(agent.address, `${upstream.url}?${i}`)).status, 200);
  await until(() => agent.cache.all()[0]?.keys.some(({ algorithm }) => algorithm === 'url') === true);
  await until(async () => (await rows()) <= 65);
  t.is(agent.cache.count, 1);
});
