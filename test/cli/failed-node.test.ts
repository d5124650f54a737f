import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { connect } from '../../src/client/connect.ts';
import { startLocalCluster } from '../../src/local/local-cluster.ts';
import type { LogRecord } from '../../src/local/node-process.ts';

test('what is waited for at most so long leaves no timer that would keep the process', async (t) => {
  const module = new URL('../../src/local/at-most.js', import.meta.url).href;
  const hour = 3_600_000;
  const script = `
    import { atMost } from ${JSON.stringify(module)};
    await atMost(${hour}, Promise.resolve());
    await atMost(${hour}, Promise.reject(new Error('it hung up')));
    await atMost(1, new Promise(() => {}));
    console.log('over');`;
  const said = await new Promise<string>((resolve, reject) => {
    // It ends by itself, or the test never does.
    execFile(process.execPath, ['--input-type=module', '-e', script], (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
  t.is(said, 'over\n');
});

test('a node whose disk fails says why, and its process ends', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-failed-'));
  const logged: LogRecord[] = [];
  const cluster = await startLocalCluster({ folder, hot: 1, onLog: (_, record) => void logged.push(record) });
  t.teardown(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const client = await connect({ endpoints: cluster.endpoints });
  await client.put('k', 'before');
  cluster.fault('n0', { kind: 'sync-error', database: 'log' });
  const exited = cluster.node('n0').exited;
  const put = client.put('k', 'after').catch(() => undefined);
  t.deepEqual(await exited, { code: 1, signal: null });
  await client.close();
  await put;
  t.regex(logged.find(({ event }) => event === 'failed')?.error ?? '', /writing to log failed, by intent/);
});
