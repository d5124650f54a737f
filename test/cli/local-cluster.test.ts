import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { type LocalCluster, startLocalCluster } from '../../src/local/local-cluster.ts';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
let folder = '';
let cluster: LocalCluster;

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tanist-test-'));
  cluster = await startLocalCluster({ folder, hot: 3 });
});
test.after.always(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The one JSON document of a command that must succeed. */
function json<T>(...args: readonly string[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const all = [main, ...args, '--json', '--timeout', '20s', '--endpoints', cluster.endpoints.join(',')];
    execFile(process.execPath, all, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T);
      else reject(new Error(`${args.join(' ')}: ${stderr}`));
    });
  });
}

function gone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

test('the commands on a living cluster', async (t) => {
  const { revision } = await json<{ revision: number }>('put', 'cli/a', 'one');
  const again = await json<{ previous: { value: string } }>('put', 'cli/a', 'two', '--previous');
  t.is(again.previous.value, 'one');
  const got = await json<{ values: { key: string; value: string; version: number }[] }>(
    'get',
    'cli/',
    '--prefix',
  );
  t.like(got.values, [{ key: 'cli/a', value: 'two', version: 2 }]);
  const old = await json<{ values: { value: string }[] }>('get', 'cli/a', '--revision', String(revision));
  t.is(old.values[0]?.value, 'one');

  const watched = await json<{ events: { type: string; value: string }[] }>(
    'watch',
    'cli/a',
    '--from',
    String(revision),
    '--count',
    '1',
  );
  t.like(watched.events, [{ type: 'put', value: 'one' }]);

  const txn = await json<{ succeeded: boolean; answers: { kind: string }[] }>(
    'txn',
    '--if',
    'version(cli/a) = 2',
    '--then',
    'put cli/b "a b"',
    '--then',
    'get cli/b',
    '--else',
    'del cli/a',
  );
  t.true(txn.succeeded);
  t.deepEqual(
    txn.answers.map(({ kind }) => kind),
    ['put', 'get'],
  );

  const lease = await json<{ id: string; ttlMs: number }>('lease', 'grant', '60s');
  t.is(lease.ttlMs, 60_000);
  await json('put', 'cli/leased', 'x', '--lease', lease.id);
  t.is((await json<{ ttlMs: number }>('lease', 'keep-alive', lease.id, '--once')).ttlMs, 60_000);
  const leases = await json<{ id: string; keys: string[] }[]>('lease', 'list');
  t.deepEqual(leases.find(({ id }) => id === lease.id)?.keys, ['cli/leased']);
  await json('lease', 'revoke', lease.id);
  t.is((await json<{ count: number }>('get', 'cli/leased')).count, 0);
  await t.throwsAsync(json('lease', 'revoke', lease.id), { message: /\(lease-not-found\)\n$/ });

  await json('policy', 'set', 'fast/', '--ack', 'leader');
  t.deepEqual(await json('policy', 'list'), [
    { prefix: 'fast/', ack: 'leader', tier: 'full', predict: null },
  ]);
  await json('policy', 'remove', 'fast/');
  t.deepEqual(await json('policy', 'list'), []);

  t.is((await json<{ deleted: number }>('del', 'cli/', '--prefix')).deleted, 2);
});

test('status, succession and a hand-over', async (t) => {
  interface Seen {
    readonly leader: string;
    readonly term: number;
    readonly members: readonly { readonly id: string; readonly tier: string }[];
  }
  const status = await json<Seen>('status');
  t.deepEqual(status.members.map(({ id, tier }) => `${id} ${tier}`).toSorted(), [
    'n0 hot',
    'n1 hot',
    'n2 hot',
  ]);
  t.is((await json<Seen>('members')).members.length, 3);
  const heirs = (await json<Seen>('succession')).members.map(({ id }) => id);
  t.false(heirs.includes(status.leader));
  const to = status.members.find(({ id }) => id !== status.leader)?.id ?? '';
  const after = await json<Seen>('transfer', '--to', to);
  t.is(after.leader, to);
  t.true(after.term > status.term);
});

test('up says who is ready, and its nodes die with it even when it is killed', async (t) => {
  const up = spawn(
    process.execPath,
    [main, 'up', '--hot', '1', '--port', '0', '--json', '--data', join(folder, 'up')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const lines: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: up.stdout })) {
    lines.push(JSON.parse(line) as Record<string, unknown>);
    if (lines.length === 2) break;
  }
  t.like(lines[0], { id: 'n0', tier: 'hot' });
  t.regex(String(lines[0]?.client), /^127\.0\.0\.1:\d+$/);
  t.deepEqual(lines[1], { ready: true, leader: 'n0' });
  const pid = Number(lines[0]?.pid);
  t.false(gone(pid));
  up.kill('SIGKILL');
  while (!gone(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  t.pass();
});
