import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { startLocalCluster } from '../../src/local/local-cluster.ts';
import { startNodeProcess } from '../../src/local/node-process.ts';
import { freePorts } from '../../src/local/ports.ts';
import { parseClusterConfig } from '../../src/node/config/config.ts';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

interface Member {
  readonly id: string;
  readonly voter: boolean;
  readonly learner: boolean;
  readonly client: string;
  readonly peer: string;
  readonly labels: Readonly<Record<string, string>>;
}
interface Answer {
  readonly code: number;
  readonly stderr: string;
  readonly json: { readonly members: readonly Member[]; readonly config: string };
}

function run(endpoints: readonly string[], ...args: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const all = [main, ...args, '--json', '--timeout', '20s', '--endpoints', endpoints.join(',')];
    execFile(process.execPath, all, (error, stdout, stderr) => {
      const last = stdout.trim().split('\n').at(-1) ?? '';
      resolve({
        code: error === null ? 0 : Number(error.code),
        stderr,
        json: last === '' ? { members: [], config: '' } : JSON.parse(last),
      });
    });
  });
}

test('a node joins with the printed config, learns, votes; another is removed, stops and stays away', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-member-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const cluster = await startLocalCluster({ folder, hot: 3 });
  const { endpoints } = cluster;
  const [client, peer, http] = (await freePorts(3)).map((port) => `127.0.0.1:${port}`);
  t.is((await run(endpoints, 'put', 'k', 'before')).code, 0);
  const addresses = ['--client', client!, '--peer', peer!, '--http', http!];
  const unlabelled = await run(endpoints, 'member', 'add', 'n3', ...addresses, '--label', 'zone');
  t.not(unlabelled.code, 0);
  t.regex(
    unlabelled.stderr,
    /--label <name=value>' argument 'zone' is invalid. It must be name=value such as zone=a/,
  );
  const labels = { zone: 'a', region: 'true' };
  const flags = Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
  const added = await run(endpoints, 'member', 'add', 'n3', ...addresses, ...flags);
  t.is(added.code, 0, added.stderr);
  t.like(
    added.json.members.find(({ id }) => id === 'n3'),
    { voter: false, learner: true, peer, labels },
  );
  const twice = await run(endpoints, 'member', 'add', 'n3', ...addresses);
  t.regex(twice.stderr, /n3 is a member already/);
  const early = await run(endpoints, 'member', 'promote', 'n3');
  t.regex(early.stderr, /not in sync with the leader/);

  const config = join(folder, 'n3.yaml');
  await writeFile(config, added.json.config);
  const { nodes } = parseClusterConfig(added.json.config);
  t.deepEqual(nodes.find(({ id }) => id === 'n3')?.labels, labels);
  t.deepEqual(nodes.find(({ id }) => id === 'n0')?.labels, {});
  const joining = startNodeProcess({
    id: 'n3',
    configFile: config,
    dataFolder: join(folder, 'n3'),
    logFile: join(folder, 'n3.log'),
  });
  t.teardown(() => joining.kill('SIGKILL'));
  await joining.ready;
  let promoted = await run(endpoints, 'member', 'promote', 'n3');
  for (let i = 0; i < 50 && promoted.code !== 0; i++)
    promoted = await run(endpoints, 'member', 'promote', 'n3');
  t.is(promoted.code, 0, promoted.stderr);
  t.like(
    promoted.json.members.find(({ id }) => id === 'n3'),
    // Started with that config it says the same of itself.
    { voter: true, learner: false, labels },
  );
  t.regex((await run(endpoints, 'member', 'promote', 'n3')).stderr, /no learner/);
  // It serves linearizable reads by itself.
  t.is((await run([client!], 'get', 'k')).code, 0);

  const removed = await run(endpoints, 'member', 'remove', 'n0');
  t.is(removed.code, 0, removed.stderr);
  t.is(removed.json.members.length, 3);
  const { code } = await cluster.node('n0').exited;
  t.is(code, 1);
  t.regex(await readFile(join(folder, 'logs', 'n0.log'), 'utf8'), /member was removed/);
  const rest = [client!, ...endpoints.slice(1)];
  t.is((await run(rest, 'put', 'k', 'after')).code, 0);
  const back = startNodeProcess({
    id: 'n0',
    configFile: join(folder, 'cluster.yaml'),
    dataFolder: join(folder, 'n0'),
    logFile: join(folder, 'n0-again.log'),
  });
  back.ready.catch(() => {});
  t.is((await back.exited).code, 1);
  t.regex(await readFile(join(folder, 'n0-again.log'), 'utf8'), /member was removed/);
  const again = await run(rest, 'member', 'add', 'n0', ...addresses);
  t.regex(again.stderr, /was removed from this cluster/);
  await cluster.stop();
  joining.kill('SIGTERM');
  t.is((await joining.exited).code, 0);
});

test('a cluster whose nodes all move to other ports finds itself and tells clients', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-moved-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const before = await startLocalCluster({ folder, hot: 3 });
  t.is((await run(before.endpoints, 'put', 'k', 'v')).code, 0);
  const first = await run(before.endpoints, 'member', 'list');
  await before.stop();
  const after = await startLocalCluster({ folder, hot: 3 });
  try {
    t.is((await run(after.endpoints, 'get', 'k')).code, 0);
    let known = await run(after.endpoints, 'member', 'list');
    const moved = () => known.json.members.every(({ client }) => after.endpoints.includes(client));
    for (let i = 0; i < 50 && !moved(); i++) known = await run(after.endpoints, 'member', 'list');
    t.true(moved());
    t.notDeepEqual(known.json.members, first.json.members);
  } finally {
    await after.stop();
  }
});
