import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { signatureOf } from '../../src/mirrors/index.ts';
import { startEtcdCluster } from '../api/etcd/etcd-cluster.ts';
import { httpServer } from '../mirrors/http-server.ts';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

test('tanist mirror: add, list, show, refresh, serve with events and metrics, remove', async (t) => {
  t.timeout(110_000);
  const folder = await mkdtemp(join(tmpdir(), 'tanist-mirror-'));
  const cluster = await startEtcdCluster(1);
  const run = (...args: readonly string[]): Promise<{ code: number; json: unknown; stderr: string }> =>
    new Promise((resolve) => {
      const all = [
        main,
        'mirror',
        ...args,
        '--json',
        '--timeout',
        '20s',
        '--endpoints',
        cluster.endpoints.join(','),
      ];
      const child = execFile(process.execPath, all, (_, stdout, stderr) => {
        const last = stdout.trim().split('\n').at(-1) ?? '';
        resolve({ code: child.exitCode ?? 0, json: last === '' ? null : JSON.parse(last), stderr });
      });
    });
  let n = 1;
  await using server = await httpServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ n }));
  });
  try {
    const config = join(folder, 'sources.yaml');
    await writeFile(
      config,
      `sources:\n  things:\n    origin: { kind: http, url: '${server.url}/{key}' }\n    freshForMs: 3600000\n    refresh: on-demand\n`,
    );
    const added = await run('add', '--config', config, 'things/a');
    t.is(added.code, 0, added.stderr);
    t.like(added.json, {
      sources: ['things'],
      mirrors: [{ id: 'things/a', value: { n: 1 }, hit: 'origin' }],
    });
    const unread = await run('serve', '--config', join(folder, 'none.yaml'));
    t.is(unread.code, 1);
    t.regex(unread.stderr, /none\.yaml cannot be read \(config-invalid\)/);
    const nobodys = await run('refresh', '--invalidate', 'nosuch/z');
    t.is(nobodys.code, 1);
    t.regex(nobodys.stderr, /there was no mirror of nosuch\/z \(resource-missing\)/);
    const taken = await run('serve', '--http', new URL(server.url).port);
    t.is(taken.code, 1, 'it ends, and leaves no refresher behind that keeps the process');
    t.regex(taken.stderr, /tanist: cannot listen on port .*; choose another by --http \(port-taken\)/);
    const serving = spawn(
      process.execPath,
      [
        main,
        'mirror',
        'serve',
        '--json',
        '--name',
        'r1',
        '--http',
        '0',
        '--webhook-secret-env',
        'HOOK',
        '--endpoints',
        cluster.endpoints.join(','),
      ],
      {
        env: { ...process.env, HOOK: 'geheim' },
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const exited = new Promise<number | null>((resolve) => serving.once('exit', resolve));
    try {
      const lines = createInterface({ input: serving.stdout })[Symbol.asyncIterator]();
      const ready = JSON.parse((await lines.next()).value ?? '') as { name: string; http: string };
      t.is(ready.name, 'r1');
      n = 2;
      const body = '{"ids":["things/a"]}';
      const timestamp = String(Date.now());
      const event = { path: '/invalidate', timestamp, body: Buffer.from(body) };
      const headers = { 'x-tanist-timestamp': timestamp, 'x-tanist-signature': signatureOf('geheim', event) };
      t.is((await fetch(`http://${ready.http}/invalidate`, { method: 'POST', body, headers })).status, 200);
      t.is((await fetch(`http://${ready.http}/invalidate`, { method: 'POST', body })).status, 401);
      for (;;) {
        const shown = (await run('show', 'things/a')).json as {
          state: { value: { n: number } };
          health: object;
        };
        if (shown.state.value.n !== 2) continue;
        t.like(shown.health, {
          id: 'things/a',
          state: 'fresh',
          refreshedBy: 'r1',
          lastReason: 'invalidated',
        });
        break;
      }
      const metrics = await (await fetch(`http://${ready.http}/metrics`)).text();
      t.regex(
        metrics,
        /tanist_mirror_looks_total\{source="things",reason="invalidated",answer="content"\} 1/,
      );
      t.is((await fetch(`http://${ready.http}/health`)).status, 200);
    } finally {
      serving.kill('SIGTERM');
      t.is(await exited, 0);
    }
    n = 3;
    t.like((await run('refresh', 'things/a')).json, { mirrors: [{ value: { n: 3 } }] });
    t.like((await run('list')).json, {
      resources: [{ id: 'things/a', state: 'fresh' }],
      sources: ['things'],
    });
    const unknown = await run('remove', '--source', 'nothing');
    t.is(unknown.code, 1);
    t.regex(unknown.stderr, /there was no source "nothing" in the cluster \(source-unknown\)/);
    t.like((await run('remove', 'things/a', '--source', 'things')).json, {
      removed: ['things/a'],
      source: 'things',
    });
    t.like((await run('list')).json, { resources: [], sources: [] });
    const wrong = await run('add', 'things/a');
    t.is(wrong.code, 1);
    t.regex(wrong.stderr, /source-unknown/);
    t.is((await run('add')).code, 2);
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
