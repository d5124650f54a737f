import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { openClient } from '../../src/cli/client.ts';
import { startLocalCluster } from '../../src/local/local-cluster.ts';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

test('SIGTERM to the leader in the middle of load: it hands over and ends with 0, and nothing acknowledged is missing', async (t) => {
  t.timeout(90_000);
  const folder = await mkdtemp(join(tmpdir(), 'tanist-stopped-'));
  const cluster = await startLocalCluster({ folder, hot: 3 });
  t.teardown(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });
  await using client = await openClient(cluster.endpoints);
  const acknowledged = new Set<string>();
  let [issued, under, enough] = [0, 0, Number.POSITIVE_INFINITY];
  /** One caller of 32: writes one key after another. */
  const writer = async (): Promise<void> => {
    while (acknowledged.size < enough) {
      const key = `load/${issued++}`;
      under++;
      await client.put(key, 'v');
      under--;
      acknowledged.add(key);
    }
  };
  const writers = Array.from({ length: 32 }, writer);
  await client.get('load/', { prefix: true, countOnly: true });
  const leader = client.routing()?.leader ?? '';
  t.true(under > 0, 'there is load');
  cluster.kill(leader, 'SIGTERM');
  t.deepEqual(await cluster.node(leader).exited, { code: 0, signal: null });
  enough = acknowledged.size + 500;
  await Promise.all(writers);
  t.not(client.routing()?.leader, leader);
  const { values } = await client.get('load/', { prefix: true, keysOnly: true });
  const found = new Set(values.map(({ key }) => Buffer.from(key).toString()));
  t.deepEqual(
    [...acknowledged].filter((key) => !found.has(key)),
    [],
  );
});

test('tanist up ends with 1 and says so when no node is left', async (t) => {
  const up = spawn(process.execPath, [main, 'up', '--hot', '1', '--port', '0', '--json']);
  t.teardown(() => up.kill('SIGKILL'));
  let stderr = '';
  up.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise((resolve) => up.once('exit', resolve));
  const documents: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: up.stdout })) {
    const document = JSON.parse(line) as Record<string, unknown>;
    documents.push(document);
    if (document.ready === true) process.kill(Number(documents[0]?.pid), 'SIGKILL');
  }
  t.is(await ended, 1);
  t.deepEqual(documents.at(-1), { id: 'n0', ended: 'SIGKILL' });
  t.regex(stderr, /every node has ended: why is said above \(unavailable\)/);
});
