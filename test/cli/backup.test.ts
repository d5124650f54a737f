import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { startLocalCluster } from '../../src/local/local-cluster.ts';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

function run(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

async function json<T>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...args, '--json');
  if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T;
}

test('a backup of a living cluster becomes a cluster of three that elects and serves', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-backup-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'state.backup');
  const old = await startLocalCluster({ folder: join(folder, 'old'), hot: 1 });
  const at = (list: readonly string[]) => ['--endpoints', list.join(','), '--timeout', '20s'];
  await json('put', 'kept', 'value', ...at(old.endpoints));
  const { revision } = await json<{ revision: number }>('put', 'also', 'here', ...at(old.endpoints));
  const backup = await json<{ revision: number; bytes: number }>('backup', file, ...at(old.endpoints));
  t.is(backup.revision, revision);
  t.is((await stat(file)).size, backup.bytes);
  await t.throwsAsync(stat(`${file}.part`));
  for (const [place, why] of [
    [folder, /is a folder: name a file/],
    [join(folder, 'missing', 'file'), /missing\/file cannot be written \(ENOENT\): its folder is not there/],
  ] as const) {
    const refused = await run('backup', place, ...at(old.endpoints));
    t.is(refused.code, 1);
    t.regex(refused.stderr, why);
  }
  await old.stop();

  // The config of the new cluster: the local cluster's own, made by starting and stopping it empty-handed.
  const fresh = join(folder, 'new');
  const made = await startLocalCluster({ folder: fresh, hot: 3 });
  await made.stop();
  const config = join(fresh, 'cluster.yaml');
  const digests = new Set<string>();
  for (const id of ['n0', 'n1', 'n2']) {
    const data = join(fresh, id);
    const refused = await run('restore', file, '--data', data, '--config', config, '--id', id);
    t.is(refused.code, 1);
    t.regex(refused.stderr, /is not empty/);
    await rm(data, { recursive: true });
    const done = await json<{ index: number; digests: unknown; cluster: string }>(
      ...['restore', file, '--data', data, '--config', config, '--id', id],
    );
    digests.add(JSON.stringify([done.index, done.digests, done.cluster]));
  }
  t.is(digests.size, 1);
  const nodes = (JSON.parse(await readFile(config, 'utf8')) as { nodes: { client: number }[] }).nodes;
  const port = nodes[0]!.client;
  t.true(port > 0);
  const cluster = await startLocalCluster({ folder: fresh, hot: 3 });
  try {
    const got = await json<{ revision: number; values: { value: string }[] }>(
      ...['get', 'kept', ...at(cluster.endpoints)],
    );
    t.is(got.values[0]?.value, 'value');
    t.is(got.revision, revision + 1e9);
    const written = await json<{ revision: number }>('put', 'kept', 'new', ...at(cluster.endpoints));
    t.is(written.revision, revision + 1e9 + 1);
    const status = await json<{ cluster: string }>('status', ...at(cluster.endpoints));
    t.regex(status.cluster, /^local\+/);
  } finally {
    await cluster.stop();
  }
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(0, bytes.length - 100));
  const cut = await run('restore', file, '--data', join(folder, 'x'), '--config', config, '--id', 'n0');
  t.is(cut.code, 1);
  t.regex(cut.stderr, /damaged at byte/);
  await t.throwsAsync(stat(join(folder, 'x')));
});
