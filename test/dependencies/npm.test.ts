import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { keysOfIntegrity, parseKeyText } from '../../src/dependencies/content-key.ts';
import {
  authorizationFor,
  credentialsIn,
  parseNpmrc,
  readNpmConfig,
} from '../../src/dependencies/npm/npm-config.ts';
import { isPackageName, parseRegistryPath } from '../../src/dependencies/npm/package-path.ts';
import { rewritePackument } from '../../src/dependencies/npm/packument.ts';
import { fakePackage, startFakeRegistry } from './fake-registry.ts';
import { Fleet, get, until } from './fleet.ts';

const run = promisify(execFile);

test('npm itself installs through two agents; the second one asks upstream for nothing', async (t) => {
  const upstream = await startFakeRegistry([
    fakePackage('left', 100_000, { '@scope/right': '^1.0.0' }),
    fakePackage('@scope/right', 10, { low: '1.0.0' }),
    fakePackage('low'),
  ]);
  const fleet = new Fleet();
  const home = await mkdtemp(join(tmpdir(), 'tanist-npm-'));
  t.teardown(async () => {
    await fleet.stop();
    await upstream.stop();
    await rm(home, { recursive: true, force: true });
  });
  let lock = '';
  for (const id of ['one', 'two']) {
    const agent = await fleet.agent(id, upstream.url);
    const folder = join(home, id);
    await mkdir(folder);
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'app', version: '1.0.0', dependencies: { left: '^1.0.0' } }),
    );
    // The lock file of the first names the first agent's addresses: npm leads them to its own.
    if (lock !== '') await writeFile(join(folder, 'package-lock.json'), lock);
    const flags = ['--no-audit', '--no-fund', '--no-update-notifier', '--replace-registry-host=always'];
    const own = [
      '--registry',
      `http://${agent.address}`,
      '--cache',
      join(folder, 'cache'),
      '--userconfig',
      join(home, 'npmrc'),
    ];
    await run('npm', [lock === '' ? 'install' : 'ci', ...flags, ...own], { cwd: folder });
    lock = await readFile(join(folder, 'package-lock.json'), 'utf8');
    for (const name of ['left', '@scope/right', 'low']) {
      const manifest = JSON.parse(await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8'));
      t.is(manifest.name, name);
    }
    if (id === 'two') {
      t.is(agent.stats().counts.upstreamBytes, 0);
      t.true(agent.stats().counts.peerBytes > 100_000);
    }
  }
  t.is(upstream.askedFor('.tgz'), 3);
});

test('from a lock file: no metadata but of the one version, and none at all of what is here', async (t) => {
  const upstream = await startFakeRegistry([fakePackage('@scope/wanted', 1000)]);
  const fleet = new Fleet();
  t.teardown(async () => {
    await fleet.stop();
    await upstream.stop();
  });
  const path = '/@scope/wanted/-/wanted-1.0.0.tgz';
  const cacheFolder = await fleet.folder();
  const first = await fleet.agent('first', upstream.url, { cacheFolder });
  t.is((await get(first.address, path)).status, 200);
  t.deepEqual([...upstream.asked.keys()], ['/@scope/wanted/1.0.0', path]);
  const second = await fleet.agent('second', upstream.url);
  t.is((await get(second.address, path)).status, 200);
  t.is(second.stats().counts.upstreamBytes, 0);
  await first.stop();
  await upstream.stop();
  // Another life of it, without upstream and without metadata that counts.
  const again = await fleet.agent('first', upstream.url, { cacheFolder, metadataTtlMs: 0 });
  t.is((await get(again.address, path)).status, 200);
  t.is(again.stats().counts.localHits, 1);
  await upstream.restart();
  t.is((await get(again.address, path.replace('1.0.0', '9.0.0'))).status, 404);
});

test('a registry that gives no single versions is asked for the whole; what was published anew under its old name is seen', async (t) => {
  const upstream = await startFakeRegistry([fakePackage('a'), fakePackage('b')]);
  const fleet = new Fleet();
  t.teardown(async () => {
    await fleet.stop();
    await upstream.stop();
  });
  upstream.intercept = (request, response) => {
    if (!request.url?.endsWith('/1.0.0')) return false;
    response.writeHead(404).end();
    return true;
  };
  const agent = await fleet.agent('own', upstream.url, { metadataTtlMs: 0 });
  for (const name of ['a', 'b']) t.is((await get(agent.address, `/${name}/-/${name}-1.0.0.tgz`)).status, 200);
  t.deepEqual([...upstream.asked.keys()], ['/a/1.0.0', '/a', '/a/-/a-1.0.0.tgz', '/b', '/b/-/b-1.0.0.tgz']);
  const anew = fakePackage('a', 10);
  upstream.packages.set('a', anew);
  await until(async () => {
    await get(agent.address, '/a');
    return (await get(agent.address, '/a/-/a-1.0.0.tgz')).body.equals(anew.tarball);
  });
  t.pass();
});

test("what npm is configured for, in its order: the project's file over the user's", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-npmrc-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await writeFile(
    join(folder, '.npmrc'),
    [
      'registry=http://registry.example/npm',
      '@corp:registry=https://corp.example/',
      '//registry.example/npm/:_authToken=abc',
      'strict-ssl=false',
    ].join('\n'),
  );
  await writeFile(join(folder, 'package.json'), '{}');
  const npm = await readNpmConfig(folder);
  t.is(npm.registry, 'http://registry.example/npm/');
  t.is(npm.scopes['@corp'], 'https://corp.example/');
  t.false(npm.strictTls);
  const at = (address: string) => authorizationFor(new URL(address), npm.credentials);
  t.deepEqual(at('http://registry.example/npm/x'), { authorization: 'Bearer abc' });
  t.deepEqual(at('http://registry.example/other'), {});
  t.deepEqual(at('http://registry.example.evil/npm/x'), {});
});

test('the lines of an npmrc', (t) => {
  const variable = (name: string): string => ['$', '{', name, '}'].join('');
  const text = `; no\n# no\n a = "b c" \n//h/:_authToken=${variable('TOKEN')}-${variable('NONE')}\n=x\nplain\n`;
  t.deepEqual(parseNpmrc(text, { TOKEN: 'secret' }), {
    a: 'b c',
    '//h/:_authToken': `secret-${variable('NONE')}`,
  });
  t.deepEqual(
    credentialsIn({ '//h/:username': 'u', '//h/:_password': Buffer.from('p').toString('base64') }),
    { '//h/': `Basic ${Buffer.from('u:p').toString('base64')}` },
  );
});

test('paths of a registry, and what is none', (t) => {
  t.deepEqual(parseRegistryPath('/@scope%2fname'), { kind: 'packument', name: '@scope/name' });
  t.deepEqual(parseRegistryPath('/@scope/name/-/name-1.0.0.tgz'), {
    kind: 'tarball',
    name: '@scope/name',
    file: 'name-1.0.0.tgz',
  });
  t.deepEqual(parseRegistryPath('/@s/n/-/@s/n-1.0.0.tgz'), {
    kind: 'tarball',
    name: '@s/n',
    file: 'n-1.0.0.tgz',
  });
  t.deepEqual(parseRegistryPath('/name/1.0.0'), { kind: 'version', name: 'name', version: '1.0.0' });
  t.deepEqual(parseRegistryPath('/-/npm/v1/x'), { kind: 'service', path: '/-/npm/v1/x' });
  for (const bad of ['', '.', '..', '@', '@/x', '@s', '@s/', 'a/b', '.a', 'a b', '@s/../x', 'a\0'])
    t.false(isPackageName(bad), bad);
});

test('metadata keeps all but the addresses of tarballs; versions never meet at one address', (t) => {
  const dist = (n: number) => ({
    tarball: 'https://cdn.example/archive.tgz',
    shasum: String(n).repeat(40),
    extra: n,
  });
  const text = JSON.stringify({
    name: '@s/p',
    readme: 'x',
    versions: { '1.0.0': { dist: dist(1) }, '2.0.0': { dist: dist(2) }, '3.0.0': {} },
  });
  const { body, tarballs } = rewritePackument('@s/p', text, 'http://here');
  const parsed = JSON.parse(body.toString());
  t.is(parsed.readme, 'x');
  t.deepEqual(parsed.versions['3.0.0'], {});
  t.is(parsed.versions['2.0.0'].dist.extra, 2);
  const files = ['1.0.0', '2.0.0'].map((version) => parsed.versions[version].dist.tarball.split('/-/'));
  for (const [at] of files) t.is(at, 'http://here/@s/p');
  t.not(files[0][1], files[1][1]);
  t.is(tarballs.get(files[1][1])?.keys[0]?.digest, '2'.repeat(40));
});

test('digests in an integrity, the strongest first', (t) => {
  const of = (algorithm: string, bytes: number) =>
    `${algorithm}-${Buffer.alloc(bytes, 7).toString('base64')}`;
  t.deepEqual(
    keysOfIntegrity(`${of('sha1', 20)} ${of('sha512', 64)}?x md5-abcd sha256-!!`).map(
      ({ algorithm }) => algorithm,
    ),
    ['sha512', 'sha1'],
  );
  t.deepEqual(keysOfIntegrity(`${of('sha512', 64)} sha512-${Buffer.alloc(64, 8).toString('base64')}`), []);
  t.is(parseKeyText('ab'.repeat(32)).algorithm, 'sha256');
  t.throws(() => parseKeyText('../../x'), { code: 'invalid-argument' });
});
