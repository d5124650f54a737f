import test from 'ava';
import { configFor } from '../../src/dependencies/npm/npm-config.ts';
import { retryAfterMs } from '../../src/dependencies/outside/answer-status.ts';
import { fakePackage } from './fake-registry.ts';
import { get, until } from './fleet.ts';
import { setting } from './setting.ts';

const wanted = fakePackage('wanted', 1000);
const path = '/wanted/-/wanted-1.0.0.tgz';

test('an upstream that answers with a failure of its own is as good as none: what is here is given', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const agent = await fleet.agent('own', upstream.url, { metadataTtlMs: 0 });
  const before = await get(agent.address, '/wanted');
  await until(() => agent.cache.count === 1);
  for (const status of [500, 503, 429]) {
    upstream.intercept = (_, response) => !!response.writeHead(status).end();
    // One that comes while the answer before is still being taken in is given that.
    let got = before;
    await until(async () => {
      got = await get(agent.address, '/wanted');
      return got.status !== 200 || got.headers.warning !== undefined;
    });
    t.is(got.status, 200, String(status));
    t.true(got.body.equals(before.body));
    t.is((await get(agent.address, '/other')).status, status);
  }
  // A package that is gone is gone.
  upstream.intercept = (_, response) => !!response.writeHead(404).end();
  t.is((await get(agent.address, '/wanted')).status, 404);
});

test('a host that says when to come back is left alone until then, and the sandbox is told', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const agent = await fleet.agent('own', upstream.url, { metadataTtlMs: 0 });
  t.is((await get(agent.address, '/wanted')).status, 200);
  let asked = 0;
  upstream.intercept = (_, response) => {
    asked++;
    return !!response.writeHead(429, { 'retry-after': '60' }).end();
  };
  // One that comes while the answer before is still being taken in is given that.
  await until(async () => (await get(agent.address, '/wanted')).headers.warning !== undefined);
  for (let i = 0; i < 3; i++) {
    const got = await get(agent.address, '/other');
    t.is(got.status, 429);
    const seconds = Number(got.headers['retry-after']);
    t.true(seconds > 50 && seconds <= 60);
    t.is((await get(agent.address, path)).status, 429);
    t.is((await get(agent.address, '/-/v1/search?text=x')).status, 429);
    t.is((await get(agent.address, '/wanted')).headers.warning !== undefined, true);
  }
  t.is(asked, 1);
});

test('when to come back, in seconds or as a date', (t) => {
  const of = (...headers: string[]): number =>
    retryAfterMs({ headers: { 'retry-after': headers[0], date: headers[1] } });
  t.is(of('120'), 120_000);
  t.is(of('Wed, 21 Oct 2015 07:28:10 GMT', 'Wed, 21 Oct 2015 07:28:00 GMT'), 10_000);
  t.is(of('Wed, 21 Oct 2015 07:28:10 GMT', 'Wed, 21 Oct 2015 07:29:00 GMT'), 0);
  const undated = { headers: { 'retry-after': 'Wed, 21 Oct 2015 07:28:10 GMT' } };
  t.is(retryAfterMs(undated, Date.UTC(2015, 9, 21, 7, 28)), 10_000);
  t.is(of('soon'), 0);
  t.is(of(''), 0);
});

test('what was answered to one with credentials is for those alone who have the same', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  upstream.intercept = (request, response) =>
    request.headers.authorization !== 'Bearer secret' && !!response.writeHead(401).end();
  const credentials = { [`//${new URL(upstream.url).host}/`]: 'Bearer secret' };
  const having = { ...configFor(upstream.url), credentials };
  const one = await fleet.agent('one', having);
  for (const each of ['/wanted', path]) t.is((await get(one.address, each)).status, 200);
  await until(() => fleet.state.keys.size >= 5);
  const stranger = await fleet.agent('stranger', upstream.url);
  for (const each of ['/wanted', path]) t.is((await get(stranger.address, each)).status, 401);
  t.is(stranger.cache.count, 0);
  const two = await fleet.agent('two', having);
  for (const each of ['/wanted', path]) t.is((await get(two.address, each)).status, 200);
  t.is(two.stats().counts.upstreamBytes, 0);
});

test('that there is no such package is asked once for all agents, and a publish is seen soon', async (t) => {
  const { upstream, fleet } = await setting(t, wanted);
  const askedFor = (): number => upstream.askedFor('/other');
  const [one, two] = [await fleet.agent('one', upstream.url), await fleet.agent('two', upstream.url)];
  t.is((await get(one.address, '/other')).status, 404);
  await until(() => [...fleet.state.keys.values()].some(({ value }) => Buffer.from(value).includes('"0000')));
  t.is((await get(two.address, '/other')).status, 404);
  t.is((await get(two.address, '/other')).status, 404);
  t.is((await get(one.address, '/other')).status, 404);
  t.deepEqual([askedFor(), one.stats().counts.missingHits, two.stats().counts.missingHits], [1, 1, 2]);
  const brief = { metadataTtlMs: 100 };
  const [three, four] = [
    await fleet.agent('three', upstream.url, brief),
    await fleet.agent('four', upstream.url, brief),
  ];
  for (const { address } of [three, four]) t.is((await get(address, '/later')).status, 404);
  upstream.packages.set('later', fakePackage('later'));
  for (const { address } of [three, four])
    await until(async () => (await get(address, '/later')).status === 200);
  // Nothing of it is left to be believed.
  await until(() => [...fleet.state.keys.keys()].filter((key) => key.includes('/url/')).length >= 2);
});
