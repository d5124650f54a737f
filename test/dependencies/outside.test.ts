import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { configFor, readNpmConfig } from '../../src/dependencies/npm/npm-config.ts';
import { proxyFor, proxySettings } from '../../src/dependencies/outside/proxy-settings.ts';
import { ownCertificate } from './certificate.ts';
import { startFakeProxy } from './fake-proxy.ts';
import { fakePackage, startFakeRegistry } from './fake-registry.ts';
import { Fleet, get, until } from './fleet.ts';

const wanted = fakePackage('wanted', 200_000);
const path = '/wanted/-/wanted-1.0.0.tgz';

async function setting(t: ExecutionContext, isHttps: boolean, credentials = '') {
  const tls = isHttps ? ownCertificate() : null;
  const [upstream, proxy] = [await startFakeRegistry([wanted], tls), await startFakeProxy()];
  const fleet = new Fleet();
  t.teardown(async () => {
    await fleet.stop();
    await Promise.all([upstream.stop(), proxy.stop()]);
  });
  const address = proxy.url.replace('//', `//${credentials}`);
  const npm = {
    ...configFor(upstream.url, proxySettings({ 'https-proxy': address }, {})),
    authorities: tls === null ? [] : [tls.cert],
  };
  return { upstream, proxy, fleet, npm, host: new URL(upstream.url).host };
}

test('a registry over https, through a tunnel of the proxy; another agent is asked directly', async (t) => {
  const { upstream, proxy, fleet, npm, host } = await setting(t, true, 'user:p%40ss@');
  const [one, two] = [await fleet.agent('one', npm), await fleet.agent('two', npm)];
  for (const agent of [one, two]) t.true((await get(agent.address, path)).body.equals(wanted.tarball));
  t.deepEqual([...new Set(proxy.asked)], [`CONNECT ${host}`]);
  t.deepEqual([...new Set(proxy.credentials)], [`Basic ${Buffer.from('user:p@ss').toString('base64')}`]);
  t.true(upstream.headers.every((headers) => headers['proxy-authorization'] === undefined));
  t.is(two.stats().counts.upstreamBytes, 0);
});

test('a certificate that is not trusted is none, through a proxy too', async (t) => {
  const { fleet, npm } = await setting(t, true);
  const agent = await fleet.agent('own', { ...npm, authorities: [] });
  const got = await get(agent.address, '/wanted');
  t.is(got.status, 502);
  t.regex(got.body.toString(), /certificate/);
});

test('a registry over http: the proxy is given the whole address, the registry nothing of the proxy', async (t) => {
  const { upstream, proxy, fleet, npm } = await setting(t, false, 'user:pass@');
  const agent = await fleet.agent('own', npm);
  t.true((await get(agent.address, path)).body.equals(wanted.tarball));
  t.deepEqual(proxy.asked, [`${upstream.url}wanted/1.0.0`, `${upstream.url}wanted/-/wanted-1.0.0.tgz`]);
  t.true(upstream.headers.every((headers) => headers['proxy-authorization'] === undefined));
  t.true(upstream.headers.every((headers) => headers.host === new URL(upstream.url).host));
});

for (const [isHttps, scheme] of [
  [true, 'https'],
  [false, 'http'],
] as const)
  test(`${scheme}: a proxy that refuses, or never answers, is told as that`, async (t) => {
    const { proxy, fleet, npm } = await setting(t, isHttps);
    const agent = await fleet.agent('own', npm, { upstreamHeadMs: 300 });
    proxy.status = 407;
    const refused = await get(agent.address, '/wanted');
    t.regex(refused.body.toString(), /407/);
    t.true(refused.status >= 400);
    proxy.status = 0;
    t.is((await get(agent.address, '/wanted')).status, 504);
    proxy.status = null;
    t.is((await get(agent.address, '/wanted')).status, 200);
  });

test("a sandbox's tunnel leads through the proxy; it ends with the agent", async (t) => {
  const { proxy, fleet, npm, host } = await setting(t, false);
  const agent = await fleet.agent('own', npm, { rules: [{ match: `connect://${host}`, action: 'tunnel' }] });
  const [, port] = agent.address.split(':');
  const heard: string[] = [];
  const socket = connect(Number(port), '127.0.0.1', () =>
    socket.write(`CONNECT ${host} HTTP/1.1\r\nhost: ${host}\r\n\r\n`),
  );
  socket.on('data', (text: Buffer) => heard.push(text.toString()));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await until(() => heard.join('').includes('established'));
  t.deepEqual(proxy.asked, [`CONNECT ${host}`]);
  socket.write('GET /wanted HTTP/1.1\r\nhost: x\r\n\r\n');
  await until(() => heard.join('').includes('"dist-tags"'));
  t.is(agent.cache.count, 0);
  await agent.stop();
  await closed;
  t.pass();
});

test('which addresses go through which proxy', (t) => {
  const through = (address: string, ...given: Parameters<typeof proxySettings>): string =>
    proxyFor(new URL(address), proxySettings(...given))?.url.host ?? 'directly';
  const environment = { https_proxy: 'http://s:1', HTTP_PROXY: 'h:2', no_proxy: 'a.example,.b.example:8080' };
  t.is(through('https://x.example/', {}, environment), 's:1');
  t.is(through('http://x.example/', {}, environment), 'h:2');
  t.is(through('http://x.example/', {}, { https_proxy: 'http://s:1' }), 's:1');
  t.is(through('https://a.example/', {}, environment), 'directly');
  t.is(through('https://deep.a.example/', {}, environment), 'directly');
  t.is(through('https://nota.example/', {}, environment), 's:1');
  t.is(through('http://b.example:8080/', {}, environment), 'directly');
  t.is(through('http://b.example/', {}, environment), 'h:2');
  t.is(through('https://x.example/', {}, { ...environment, no_proxy: '*' }), 'directly');
  t.is(through('http://x.example/', { proxy: 'http://n:3' }, environment), 'n:3');
  t.is(
    through('http://x.example/', { proxy: 'http://n:3', 'https-proxy': 'http://m:4' }, environment),
    'm:4',
  );
  t.is(through('http://x.example/', { proxy: false }, environment), 'directly');
  t.is(through('http://x.example/', { proxy: 'http://n:3', noproxy: ['x.example,y'] }, {}), 'directly');
  t.throws(() => proxySettings({ proxy: 'socks5://user:secret@x:1' }, {}), {
    code: 'config-invalid',
    message: /^(?!.*secret).*https-proxy/,
  });
});

test("npm's own proxy settings, with credentials that npm does not print", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-npmrc-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const lines = ['https-proxy=http://user:secret@proxy.example:3128', 'noproxy=near.example'];
  await writeFile(join(folder, '.npmrc'), lines.join('\n'));
  await writeFile(join(folder, 'package.json'), '{}');
  const { proxies } = await readNpmConfig(folder);
  const proxy = proxyFor(new URL('https://registry.example/x'), proxies);
  t.is(proxy?.url.href, 'http://proxy.example:3128/');
  t.is(proxy?.authorization, `Basic ${Buffer.from('user:secret').toString('base64')}`);
  t.is(proxyFor(new URL('https://near.example/x'), proxies), null);
});
