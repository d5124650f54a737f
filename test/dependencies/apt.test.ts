import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { startFakeRegistry } from './fake-registry.ts';
import { Fleet } from './fleet.ts';
import { runTool } from './tools.ts';

const hasApt = promisify(execFile)('apt-get', ['--version'], { timeout: 5000 }).then(
  () => true,
  () => false,
);
const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** An archive of one package, with what apt asks of it: an index by its hash, no signature, no validators. */
async function startArchive(byHash: boolean) {
  const archive = await startFakeRegistry([]);
  const files = new Map<string, Buffer>();
  const publish = (version: string, content: Buffer): void => {
    const pool = `pool/main/s/small/small_${version}_all.deb`;
    const index = [
      ...['Package: small', `Version: ${version}`, 'Architecture: all', 'Maintainer: Nobody <nobody@x>'],
      ...[`Filename: ${pool}`, `Size: ${content.length}`, `SHA256: ${sha256(content)}`, 'Description: x', ''],
    ].join('\n');
    const release = [
      ...['Origin: x', 'Suite: stable', 'Codename: stable', 'Architectures: all amd64 arm64 i386'],
      ...[
        'Components: main',
        'Date: Sat, 01 Jan 2022 00:00:00 UTC',
        `Acquire-By-Hash: ${byHash ? 'yes' : 'no'}`,
      ],
      'SHA256:',
    ];
    files.set(`/${pool}`, content);
    for (const architecture of ['all', 'amd64', 'arm64', 'i386']) {
      const name = `main/binary-${architecture}`;
      const text = Buffer.from(architecture === 'all' ? index : '');
      files.set(`/dists/stable/${name}/Packages`, text);
      files.set(`/dists/stable/${name}/by-hash/SHA256/${sha256(text)}`, text);
      release.push(` ${sha256(text)} ${text.length} ${name}/Packages`);
    }
    files.set('/dists/stable/Release', Buffer.from(`${release.join('\n')}\n`));
  };
  archive.intercept = (request, response) => {
    const body = files.get(request.url ?? '');
    if (body === undefined) response.writeHead(404).end();
    else
      response
        .writeHead(200, { 'content-length': String(body.length), 'cache-control': 'max-age=120' })
        .end(body);
    return true;
  };
  return { archive, publish };
}

/** apt in folders of its own, all through the agent. */
async function apt(root: string, address: string, archive: string, ...args: string[]): Promise<void> {
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'parts', 'home'])
    await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, 'state/status'), '');
  await writeFile(join(root, 'sources.list'), `deb [trusted=yes] ${archive} stable main\n`);
  const settings = {
    'Dir::State': join(root, 'state'),
    'Dir::State::status': join(root, 'state/status'),
    'Dir::Cache': join(root, 'cache'),
    'Dir::Etc': root,
    'Dir::Etc::sourcelist': join(root, 'sources.list'),
    'Dir::Etc::sourceparts': join(root, 'parts'),
    'Dir::Etc::parts': join(root, 'parts'),
    'Dir::Etc::preferencesparts': join(root, 'parts'),
    'APT::Sandbox::User': '',
    'APT::Architecture': 'amd64',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '0',
    'Acquire::http::Proxy': `http://${address}`,
  };
  const file = join(root, 'apt.conf');
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
  await writeFile(file, lines.join('\n'));
  const home = join(root, 'home');
  await runTool('apt-get', args, home, home, { APT_CONFIG: file });
}

async function setting(t: ExecutionContext, byHash: boolean) {
  const { archive, publish } = await startArchive(byHash);
  const fleet = new Fleet();
  const roots = await mkdtemp(join(tmpdir(), 'tanist-apt-'));
  t.teardown(async () => {
    await fleet.stop();
    await archive.stop();
    await rm(roots, { recursive: true, force: true });
  });
  const [one, two] = [await fleet.agent('one', archive.url), await fleet.agent('two', archive.url)];
  const install = async (agent: typeof one, root: string): Promise<Buffer> => {
    const folder = join(roots, root);
    await apt(folder, agent.address, archive.url, '-q', 'update');
    await apt(folder, agent.address, archive.url, '-q', 'download', 'small');
    const { stdout } = await promisify(execFile)('ls', [join(folder, 'home')]);
    const latest = stdout.trim().split('\n').sort().at(-1) ?? '';
    return await readFile(join(folder, 'home', latest));
  };
  return { archive, publish, one, two, install };
}

for (const byHash of [true, false])
  test(`apt, indices ${byHash ? 'by their hash' : 'by name'}: packages come from the cache or another sandbox, indices are those of now`, async (t) => {
    t.timeout(120_000);
    if (!(await hasApt)) {
      t.log('skipped: no apt-get on the PATH');
      return t.pass();
    }
    const { archive, publish, one, two, install } = await setting(t, byHash);
    const content = Buffer.alloc(200_000, 'first');
    publish('1.0', content);
    const pool = '/pool/main/s/small/small_1.0_all.deb';
    t.true((await install(one, 'a')).equals(content));
    t.true((await install(two, 'b')).equals(content));
    t.true((await install(one, 'c')).equals(content));
    t.is(archive.asked.get(pool), 1);
    t.true(two.stats().counts.peerBytes >= content.length);
    t.true(one.stats().counts.localBytes >= content.length);
    // A new version is seen at once, though the archive said that its index is fresh for two minutes.
    const next = Buffer.alloc(100_000, 'second');
    publish('2.0', next);
    t.true((await install(two, 'b')).equals(next));
    t.true((await install(one, 'a')).equals(next));
    t.is(one.stats().counts.failures + two.stats().counts.failures, 0);
  });
