import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { parse } from 'yaml';
import { startAgentProcess } from '../../src/cli/dependencies/agent-process.ts';
import { startEtcdCluster } from '../api/etcd/etcd-cluster.ts';
import { fakePackage, startFakeRegistry } from '../dependencies/fake-registry.ts';
import { get, until } from '../dependencies/fleet.ts';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const run = promisify(execFile);

test('without a cluster an agent serves, and ends at a signal; what cannot start says why', async (t) => {
  const wanted = fakePackage('wanted', 1000);
  const upstream = await startFakeRegistry([wanted]);
  const folder = await mkdtemp(join(tmpdir(), 'tanist-agent-'));
  const nobody = ['127.0.0.1:1'];
  const agent = await startAgentProcess('ci-1', nobody, folder, ['--registry', upstream.url]);
  t.teardown(async () => {
    agent.kill('SIGKILL');
    await upstream.stop();
    await rm(folder, { recursive: true, force: true });
  });
  t.true((await get(agent.address, '/wanted/-/wanted-1.0.0.tgz')).body.equals(wanted.tarball));
  const { body, headers } = await get(agent.peerAddress, '/metrics');
  t.regex(String(headers['content-type']), /text\/plain/);
  t.regex(body.toString(), /^tanist_agent_joined 0$/m);
  await agent.stop();
  const refused = (cache: string, message: RegExp, ...more: readonly string[]) =>
    t.throwsAsync(startAgentProcess('ci-1', nobody, cache, more), { message });
  await refused('/proc/x', /cannot be made/);
  await refused(folder, /the rules .*: there is none/, '--rules', join(folder, 'rules.yaml'));
  await refused(folder, /--advertise HOST:PORT/, '--peer-listen', '0.0.0.0:0');
});

test('an agent as a process, and what the commands show of it', async (t) => {
  const wanted = fakePackage('wanted', 1000);
  const upstream = await startFakeRegistry([wanted]);
  const cluster = await startEtcdCluster(1);
  const folder = await mkdtemp(join(tmpdir(), 'tanist-agent-'));
  const agent = await startAgentProcess('ci-1', cluster.endpoints, folder, [
    '--registry',
    upstream.url,
    '--application',
    'shop',
  ]);
  t.teardown(async () => {
    await agent.stop();
    await cluster.stop();
    await upstream.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const shown = async (...args: readonly string[]): Promise<unknown> => {
    const { stdout } = await run(process.execPath, [
      main,
      'dependencies',
      ...args,
      '--json',
      '--endpoints',
      cluster.endpoints.join(','),
    ]);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  };
  t.true((await get(agent.address, '/wanted/-/wanted-1.0.0.tgz')).body.equals(wanted.tarball));
  type Listed = {
    readonly objects: readonly {
      readonly sha256: string;
      readonly sizeBytes: number;
      readonly holders: readonly string[];
    }[];
  };
  let listed: Listed = { objects: [] };
  await until(async () => {
    listed = (await shown('list')) as Listed;
    return listed.objects.length === 2; // the tarball and its metadata
  });
  const tarball = listed.objects.find(({ sizeBytes }) => sizeBytes === wanted.tarball.length);
  t.deepEqual(tarball?.holders, ['ci-1']);
  t.like(await shown('holders', tarball?.sha256 ?? ''), [
    { sandbox: 'ci-1', state: 'held', size: wanted.tarball.length },
  ]);
  t.deepEqual(await shown('holders', '00'.repeat(32)), []);
  t.like(await shown('stats'), {
    sandboxes: [{ id: 'ci-1', application: 'shop', answers: true, joined: true }],
  });
  await t.throwsAsync(
    run(process.execPath, [
      main,
      'dependencies',
      'holders',
      'nonsense',
      '--endpoints',
      cluster.endpoints.join(','),
    ]),
    {
      message: /no content key/,
    },
  );
  await t.throwsAsync(shown('holders', `sha384-${'A'.repeat(64)}`), { message: /not kept by sha384/ });
  // The same id from another folder: one line that says what to do.
  await t.throwsAsync(
    startAgentProcess('ci-1', cluster.endpoints, join(folder, 'other'), ['--registry', upstream.url]),
    {
      message: /choose another --id/,
    },
  );
});

test('the example of a sidecar says what the command takes', async (t) => {
  const text = await readFile(new URL('../../../cluster-config/agent/sidecar.yaml', import.meta.url), 'utf8');
  const { spec } = parse(text).spec.template;
  const [agent] = spec.initContainers;
  t.deepEqual(agent.command, ['tanist', 'agent']);
  const { stdout } = await run(process.execPath, [main, 'agent', '--help']);
  for (const flag of text.match(/--[a-z-]+(?==)/g) ?? [])
    if (flag !== '--replace-registry-host') t.regex(stdout, new RegExp(`^ +${flag} `, 'm'));
  const [build] = spec.containers;
  const listen = agent.args.find((arg: string) => arg.startsWith('--listen=')).slice('--listen='.length);
  t.is(build.env[0].value, `http://${listen}`);
});
