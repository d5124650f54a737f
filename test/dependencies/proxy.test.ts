import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { ProxyRules, rulesFrom } from '../../src/dependencies/proxy/rules.ts';
import { startFakeRegistry } from './fake-registry.ts';
import { Fleet, get, until } from './fleet.ts';

/** A mirror of Debian packages, as far as apt asks. */
async function setting(t: ExecutionContext) {
  const mirror = await startFakeRegistry([]);
  const fleet = new Fleet();
  const bodies = new Map<string, string>();
  const headers: Record<string, string> = {};
  mirror.intercept = (request, response) => {
    const body = bodies.get(request.url ?? '');
    const etag = headers.etag ?? `"${body}"`;
    if (body === undefined) response.writeHead(404).end();
    else if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag, ...headers }).end();
    else response.writeHead(200, { etag, 'content-type': 'text/plain', ...headers }).end(body);
    return true;
  };
  t.teardown(async () => {
    await fleet.stop();
    await mirror.stop();
  });
  const at = (path: string): string => `${mirror.url}${path.slice(1)}`;
  return { mirror, fleet, bodies, headers, at };
}

test('a package is fetched once for all; an index is asked about each time', async (t) => {
  const { mirror, fleet, bodies, at } = await setting(t);
  const [one, two] = [await fleet.agent('one', mirror.url), await fleet.agent('two', mirror.url)];
  bodies.set('/pool/main/x_1.deb', 'package').set('/dists/Release', 'first');
  for (const agent of [one, two]) {
    t.is((await get(agent.address, at('/pool/main/x_1.deb'))).body.toString(), 'package');
    await until(() => agent.cache.count > 0);
    t.is((await get(agent.address, at('/dists/Release'))).body.toString(), 'first');
  }
  t.is(mirror.asked.get('/pool/main/x_1.deb'), 1);
  bodies.set('/dists/Release', 'second');
  await until(async () => (await get(two.address, at('/dists/Release'))).body.toString() === 'second');
  const again = await get(two.address, at('/dists/Release'));
  t.is(
    (await get(two.address, at('/dists/Release'), { 'if-none-match': String(again.headers.etag) })).status,
    304,
  );
  t.is((await get(one.address, at('/pool/main/none.deb'))).status, 404);
});

test("the time that an answer gives itself is kept; what is private is nobody else's", async (t) => {
  const { mirror, fleet, bodies, headers, at } = await setting(t);
  const agent = await fleet.agent('own', mirror.url);
  bodies.set('/fresh', 'a').set('/private', 'b');
  headers['cache-control'] = 'max-age=60';
  await get(agent.address, at('/fresh'));
  await until(() => agent.cache.count === 1);
  await get(agent.address, at('/fresh'));
  t.is(mirror.asked.get('/fresh'), 1);
  headers['cache-control'] = 'private';
  for (let i = 0; i < 2; i++) t.is((await get(agent.address, at('/private'))).body.toString(), 'b');
  t.is(mirror.asked.get('/private'), 2);
  t.is(agent.cache.count, 1);
});

test('what an address says of its bytes is compared: wrong ones are neither given nor kept', async (t) => {
  const { mirror, fleet, bodies, at } = await setting(t);
  const [one, two] = [await fleet.agent('one', mirror.url), await fleet.agent('two', mirror.url)];
  const path = `/dists/by-hash/SHA256/${createHash('sha256').update('index').digest('hex')}`;
  bodies.set(path, '<html>log in first</html>');
  t.is((await get(one.address, at(path))).status, 502);
  t.is(one.cache.count, 0);
  bodies.set(path, 'index');
  t.is((await get(one.address, at(path))).body.toString(), 'index');
  await until(() => one.cache.count === 1);
  t.is((await get(two.address, at(path))).body.toString(), 'index');
  t.is(two.stats().counts.upstreamBytes, 0);
  const other = `/dists/by-hash/SHA256/${'0'.repeat(64)}`;
  t.is((await get(one.address, at(other))).status, 404);
});

test('an index that is asked for with max-age=0 is never an earlier one, whoever has that', async (t) => {
  const { mirror, fleet, bodies, headers, at } = await setting(t);
  const [one, two] = [await fleet.agent('one', mirror.url), await fleet.agent('two', mirror.url)];
  headers['cache-control'] = 'max-age=60';
  bodies.set('/dists/InRelease', 'first');
  const now = { 'cache-control': 'max-age=0' };
  t.is((await get(one.address, at('/dists/InRelease'), now)).body.toString(), 'first');
  await until(() => one.cache.count === 1);
  bodies.set('/dists/InRelease', 'second');
  t.is((await get(one.address, at('/dists/InRelease'))).body.toString(), 'first');
  for (const agent of [one, two])
    t.is((await get(agent.address, at('/dists/InRelease'), now)).body.toString(), 'second');
  const asked = mirror.asked.get('/dists/InRelease');
  await until(async () => {
    await get(two.address, at('/dists/InRelease'), now);
    return two.stats().counts.revalidations > 0;
  });
  t.true((mirror.asked.get('/dists/InRelease') ?? 0) > (asked ?? 0));
});

test('a package that came damaged is asked for anew with no-cache; a page in its place is not kept', async (t) => {
  const { fleet, mirror, bodies, headers, at } = await setting(t);
  const agent = await fleet.agent('own', mirror.url);
  headers['content-type'] = 'text/html; charset=utf-8';
  bodies.set('/pool/x.deb', 'log in first');
  await get(agent.address, at('/pool/x.deb'));
  headers['content-type'] = 'application/vnd.debian.binary-package';
  // It was damaged on its way: upstream knows nothing of that.
  headers.etag = '"the same"';
  bodies.set('/pool/x.deb', 'damaged');
  t.is((await get(agent.address, at('/pool/x.deb'))).body.toString(), 'damaged');
  await until(() => agent.cache.count === 1);
  bodies.set('/pool/x.deb', 'package');
  t.is((await get(agent.address, at('/pool/x.deb'))).body.toString(), 'damaged');
  const again = await get(agent.address, at('/pool/x.deb'), { 'cache-control': 'no-cache' });
  t.is(again.body.toString(), 'package');
  await until(async () => (await get(agent.address, at('/pool/x.deb'))).body.toString() === 'package');
  // Whoever says that it is damaged is not given it once more.
  const address = at('/pool/x.deb');
  await mirror.stop();
  t.is((await get(agent.address, address, { 'cache-control': 'no-cache' })).status, 502);
  t.is((await get(agent.address, address)).status, 200);
});

test('rules refuse, pass and tunnel', async (t) => {
  const { mirror, fleet, bodies, at } = await setting(t);
  const host = new URL(mirror.url).host;
  const agent = await fleet.agent('own', mirror.url, {
    rules: [
      { match: `http://${host}/no/**`, action: 'deny' },
      { match: `http://${host}/pass/**`, action: 'pass' },
      { match: `connect://${host}`, action: 'tunnel' },
    ],
  });
  bodies.set('/no/x', 'x').set('/pass/x', 'x').set('/t', 'through');
  t.is((await get(agent.address, at('/no/x'))).status, 403);
  for (let i = 0; i < 2; i++) t.is((await get(agent.address, at('/pass/x'))).body.toString(), 'x');
  t.is(mirror.asked.get('/pass/x'), 2);
  t.is((await get(agent.address, at('/x'), { via: '1.1 tanist' })).status, 508);
  t.is((await get(agent.address, 'https://elsewhere.example/')).status, 400);
  const speak = (target: string, then: string, address = agent.address): Promise<string> =>
    new Promise((resolve) => {
      let heard = '';
      const [, port] = address.split(':');
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`),
      );
      socket.on('data', (text: Buffer) => {
        heard += text.toString();
        if (heard.includes('established\r\n\r\n') && !heard.includes('through')) socket.write(then);
      });
      socket.on('close', () => resolve(heard));
    });
  t.regex(await speak(host, `GET /t HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`), /through/);
  t.regex(await speak('elsewhere.example:443', ''), /^HTTP\/1.1 403/);
  // Nobody listens on port 1; what is no host:port is none.
  const nobody = await fleet.agent('nobody', mirror.url, {
    rules: [{ match: 'connect://**', action: 'tunnel' }],
  });
  for (const [target, status] of [
    ['127.0.0.1:1', 502],
    ['127.0.0.1', 400],
    ['127.0.0.1:99999', 400],
    ['user@127.0.0.1:1', 400],
  ] as const)
    t.regex(await speak(target, '', nobody.address), new RegExp(`^HTTP/1.1 ${status}`), target);
});

test('the first rule that fits counts; a file of rules is looked over', (t) => {
  const rules = new ProxyRules([{ match: 'http://a.example/*', action: 'deny' }]);
  t.is(rules.actionFor('http://a.example/x'), 'deny');
  t.is(rules.actionFor('http://a.example/x/y'), 'cache');
  t.is(rules.actionFor('http://d.example/pool/x.deb'), 'immutable');
  t.is(rules.actionFor('connect://x:443'), 'deny');
  t.is(rules.actionFor('ftp://x'), 'deny');
  t.throws(() => rulesFrom({}), { code: 'config-invalid' });
  t.throws(() => rulesFrom([{ match: 'x', action: 'allow' }]), { code: 'config-invalid', message: /rule 1/ });
});
