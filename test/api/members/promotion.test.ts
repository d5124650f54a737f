import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { nodeId } from '../../../src/foundation/ids.ts';
import { startCluster, until } from './member-cluster.ts';

test('a replica becomes hot, takes a lost one’s place, and a demoted one leaves; on the same ports, with the data', async (t) => {
  t.timeout(170_000);
  const { client, folder, stop, start } = await startCluster(t, ['h0', 'h1', 'h2', 'w0']);
  for (let i = 0; i < 200; i++) await client.put(`k${i}`, `v${i}`.repeat(50));
  const change = (id: string, to: 'hot' | 'warm') =>
    client.changeMember({ kind: 'tier', id: nodeId(id), to });

  await t.throwsAsync(change('q', 'hot'), { code: 'unknown-member' } as never);
  await t.throwsAsync(change('h0', 'hot'), { code: 'already-in-tier' } as never);
  await change('w0', 'hot');
  await until(client, (members) => members.get('w0')?.voter === true);
  await client.put('after', 'the promotion');
  await until(client, async (members) => {
    const { spaces } = await client.status({ endpoint: members.get('w0')?.client ?? '' });
    return spaces.find(({ space }) => space === 'user')?.keys === 201;
  });

  // It keeps its role over a restart.
  await stop('w0');
  await start('w0');
  await until(client, async (members) => {
    const own = await client.status({ endpoint: members.get('w0')?.client ?? '' }).catch(() => null);
    return own !== null && own.applied > 0 && own.leader !== null;
  });

  await change('h1', 'warm');
  await until(client, (members) => members.get('h1')?.voter === false);
  await until(client, async () => !(await readdir(join(folder, 'h1'))).includes('log'));
  t.true((await readdir(join(folder, 'h1'))).includes('role.json'));
  t.is((await client.get('k7')).values.length, 1);

  // And back again, on a store that is new.
  await change('h1', 'hot');
  await until(client, (members) => members.get('h1')?.voter === true);
});
