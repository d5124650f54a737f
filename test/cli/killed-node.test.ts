import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openClient } from '../../src/cli/client.ts';
import { eventually } from '../../src/local/eventually.ts';
import { startLocalCluster } from '../../src/local/local-cluster.ts';
import type { LogRecord } from '../../src/local/node-process.ts';
import { hasSetpriv } from '../transport/sentinel/has-setpriv.ts';

test('a leader that is killed is gone to the others', async (t) => {
  if (!hasSetpriv(t)) return t.pass();
  const folder = await mkdtemp(join(tmpdir(), 'tanist-killed-'));
  const ends: (LogRecord & { readonly node: string; readonly peer?: string })[] = [];
  const cluster = await startLocalCluster({
    folder,
    hot: 3,
    onLog: (node, record) => {
      if (record.event === 'peer-disconnected') ends.push({ ...record, node });
    },
  });
  t.teardown(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });
  await using client = await openClient(cluster.endpoints);
  await client.put('a', '1');
  const leader = client.routing()?.leader ?? '';
  ends.length = 0;
  cluster.kill(leader, 'SIGKILL');
  await client.put('a', '2');
  const others = ['n0', 'n1', 'n2'].filter((id) => id !== leader);
  const sawIt = (id: string): boolean =>
    ends.some(({ node, peer, reason }) => node === id && peer === leader && reason === 'gone');
  await eventually(async () => (others.every(sawIt) ? true : null), 'its end is not seen');
  t.is(others.filter(sawIt).length, 2);
});
