import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseSource } from '../../src/mirrors/config/parse-config.ts';
import { type OriginPermissions, openOrigin } from '../../src/mirrors/sources/open-origin.ts';
import type { OriginAnswer, Validators } from '../../src/mirrors/sources/origin.ts';
import { startEtcdCluster } from '../api/etcd/etcd-cluster.ts';
import { MemoryCluster } from './memory-cluster.ts';
import { TestClock } from './test-clock.ts';
import { codeOf, world } from './world.ts';

const none: OriginPermissions = {
  commands: false,
  files: null,
  secrets: { environmentPrefix: 'TANIST_SECRET_', folder: null },
  own: {},
  etcd: null,
  wallMs: () => Date.now(),
};

async function ask(
  origin: object,
  may: Partial<OriginPermissions>,
  key: string,
  rest: { validators?: Validators; maxBytes?: number; signal?: AbortSignal } = {},
): Promise<OriginAnswer> {
  const opened = await openOrigin(parseSource('s', { origin }).origin, { ...none, ...may });
  try {
    return await opened.fetch({
      key,
      validators: rest.validators ?? null,
      signal: rest.signal ?? new AbortController().signal,
      maxBytes: rest.maxBytes ?? 100_000,
    });
  } finally {
    await opened.close?.();
  }
}

const failureOf = (answer: OriginAnswer): string =>
  answer.kind === 'failed' ? answer.error.code : answer.kind;

test('what a process was not allowed is refused, whatever the state says', async (t) => {
  t.is(await codeOf(ask({ kind: 'command', argv: ['id'] }, {}, 'k')), 'source-unsupported');
  t.is(await codeOf(ask({ kind: 'file', path: '{key}' }, {}, 'k')), 'source-unsupported');
  t.is(await codeOf(ask({ kind: 'etcd', endpoints: ['x:1'], prefix: 'p/' }, {}, 'k')), 'source-unsupported');
  t.is(await codeOf(ask({ kind: 'own', name: 'toString' }, {}, 'k')), 'source-unsupported');
});

test('files: content, unchanged, gone; nothing outside the folder, nothing too large', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-mirrors-'));
  try {
    await writeFile(join(folder, 'a.json'), '{"n":1}');
    await utimes(join(folder, 'a.json'), 1_767_600_000, 1_767_600_000);
    const source = { kind: 'file', path: '{key}.json' };
    const may = { files: folder };
    const first = await ask(source, may, 'a');
    t.like(first, { kind: 'content', document: { n: 1 }, ordered: false });
    const validators = first.kind === 'content' ? first.validators : {};
    t.is((await ask(source, may, 'a', { validators })).kind, 'unchanged');
    t.is((await ask(source, may, 'b')).kind, 'gone');
    t.is(failureOf(await ask(source, may, '../secret')), 'origin-refused');
    t.is(failureOf(await ask({ kind: 'file', path: '{key}' }, may, '/etc/passwd')), 'origin-refused');
    t.is(failureOf(await ask(source, may, 'a', { maxBytes: 3 })), 'origin-too-large');
    await writeFile(join(folder, 'bad.json'), '{');
    t.is(failureOf(await ask(source, may, 'bad')), 'origin-unreadable');
    t.like(await ask({ kind: 'file', path: '{key}.json', parse: 'text' }, may, 'bad'), { document: '{' });
    // Without an end; one that nobody writes to would hold a thread for ever.
    await symlink('/dev/zero', join(folder, 'zero.json'));
    execFileSync('mkfifo', [join(folder, 'pipe.json')]);
    await mkdir(join(folder, 'folder.json'));
    for (const key of ['zero', 'pipe', 'folder'])
      t.is(failureOf(await ask(source, may, key)), 'origin-refused', key);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a file that is put back is taken, however old it says it is; one of the same size is seen', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-mirrors-'));
  const file = join(folder, 'a.json');
  const { clock, open, close } = world();
  try {
    const sources = {
      f: { origin: { kind: 'file', path: '{key}.json' }, freshForMs: 1000, refresh: 'on-demand' },
    };
    const mirrors = await open({ sources, may: { files: folder } });
    const value = async (): Promise<unknown> => {
      await clock.advance(2000);
      const polled = await mirrors.poll('f/a');
      return polled.trouble ?? polled.value;
    };
    await writeFile(file, '{"v":2}');
    t.deepEqual(await value(), { v: 2 });
    await writeFile(join(folder, 'old'), '{"v":1}');
    await utimes(join(folder, 'old'), 1_500_000_000, 1_500_000_000);
    await rename(join(folder, 'old'), file);
    t.deepEqual(await value(), { v: 1 });
    await writeFile(file, '{"v":3}');
    await utimes(file, 1_500_000_000, 1_500_000_000);
    t.deepEqual(await value(), { v: 3 });
  } finally {
    await close();
    await rm(folder, { recursive: true, force: true });
  }
});

test('commands: output, exit codes, output without end, no end at all; no shell, no options', async (t) => {
  const may = { commands: true };
  const script = (code: string): object => ({
    kind: 'command',
    argv: [process.execPath, '-e', code, '{key}'],
  });
  const echo = script('console.log(JSON.stringify(process.argv.slice(1)))');
  t.like(await ask(echo, may, '$(id); rm'), { kind: 'content', document: ['$(id); rm'] });
  t.is(failureOf(await ask(echo, may, '--version')), 'origin-refused');
  t.is(failureOf(await ask(script('process.exit(3)'), may, 'k')), 'origin-failed');
  t.is(
    failureOf(await ask(script('for(;;)process.stdout.write("x".repeat(1e5))'), may, 'k')),
    'origin-too-large',
  );
  t.is(
    failureOf(await ask(script('setInterval(()=>{},1e6)'), may, 'k', { signal: AbortSignal.timeout(300) })),
    'origin-slow',
  );
  // What it leaves behind ends with it, and holds nobody up.
  const shell = (line: string): object => ({ kind: 'command', argv: ['sh', '-c', line], parse: 'text' });
  const left = join(tmpdir(), `tanist-left-${process.pid}-${Math.random()}`);
  const background = `sleep 60 & echo $! > ${left}`;
  const isLeft = async (): Promise<boolean> => {
    try {
      const status = await readFile(`/proc/${(await readFile(left, 'utf8')).trim()}/stat`, 'utf8');
      return !/\) [ZX] /.test(status);
    } catch {
      return false;
    }
  };
  t.like(await ask(shell(`${background}; echo done`), may, 'k'), { document: 'done' });
  for (let turn = 0; turn < 1000 && (await isLeft()); turn++) await new Promise(setImmediate);
  t.false(await isLeft());
  const sleeping = ask(shell(`${background}; sleep 60`), may, 'k', { signal: AbortSignal.timeout(300) });
  t.is(failureOf(await sleeping), 'origin-slow');
  for (let turn = 0; turn < 1000 && (await isLeft()); turn++) await new Promise(setImmediate);
  t.false(await isLeft());
  await rm(left, { force: true });
  t.is(failureOf(await ask({ kind: 'command', argv: ['/no/such/program'] }, may, 'k')), 'origin-unreachable');
});

test('a range of keys of another cluster is one document', async (t) => {
  const cluster = new MemoryCluster(new TestClock());
  const client = cluster.client('user');
  await client.put('hosts/h1/cpu', '4');
  await client.put('hosts/h1/os', '"linux"');
  await client.put('hosts/h2/cpu', '8');
  const source = { kind: 'etcd', endpoints: ['x:1'], prefix: 'hosts/{key}/' };
  const may = { etcd: async () => ({ client, close: async () => undefined }) };
  const first = await ask(source, may, 'h1');
  t.like(first, { kind: 'content', document: { cpu: 4, os: 'linux' } });
  const validators = first.kind === 'content' ? first.validators : {};
  t.is((await ask(source, may, 'h1', { validators })).kind, 'unchanged');
  await client.delete('hosts/h1/os');
  t.like(await ask(source, may, 'h1', { validators }), { document: { cpu: 4 } });
  t.is((await ask(source, may, 'h3')).kind, 'gone');
  cluster.close();
});

test('gRPC by reflection: a node’s own API, without its files', async (t) => {
  t.timeout(60_000);
  const cluster = await startEtcdCluster(1);
  try {
    const [address = ''] = cluster.endpoints;
    await cluster.nodes[0]!.state('user').put('greeting', 'hello');
    const range = {
      kind: 'grpc',
      address,
      method: 'etcdserverpb.KV/Range',
      request: { key: Buffer.from('greeting').toString('base64') },
    };
    const answer = await ask(range, {}, 'k');
    t.is(answer.kind, 'content');
    if (answer.kind === 'content') {
      const { kvs, count } = answer.document as { kvs: { value: string }[]; count: string };
      t.is(Buffer.from(kvs[0]!.value, 'base64').toString(), 'hello');
      t.is(count, '1');
    }
    t.is(failureOf(await ask({ ...range, method: 'etcdserverpb.KV/Nothing' }, {}, 'k')), 'origin-refused');
    t.is(failureOf(await ask({ ...range, method: 'nothing.Here/Range' }, {}, 'k')), 'origin-refused');
    t.is(failureOf(await ask({ ...range, method: 'etcdserverpb.Watch/Watch' }, {}, 'k')), 'origin-refused');
  } finally {
    await cluster.stop();
  }
});
