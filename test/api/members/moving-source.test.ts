import test from 'ava';
import { type NodeLog, silentLog } from '../../../src/ports/node-log.ts';
import { eventually, startCluster } from './member-cluster.ts';

test('a warm replica whose source has become leader moves to a follower, and goes on with what it holds', async (t) => {
  t.timeout(60_000);
  const followed: string[] = [];
  const moved: string[] = [];
  const log: NodeLog = {
    ...silentLog,
    info: (event, fields = {}) => {
      const { source, from } = fields as { readonly source?: string; readonly from?: string };
      if (event === 'replica-follows') followed.push(String(source));
      if (event === 'replica-moves') moved.push(String(from));
    },
  };
  const { client } = await startCluster(t, ['h0', 'h1', 'h2', 'w0'], undefined, {}, (id) =>
    id === 'w0' ? log : silentLog,
  );
  await client.setPolicy('k/', { tier: 'critical' });
  await client.put('k/1', 'before');
  const leader = async (): Promise<string> => String((await client.tiers()).leader);
  await eventually(async () => followed.length > 0);
  const source = followed.at(-1) ?? '';
  if ((await leader()) !== source) await client.transfer(source);
  await eventually(async () => followed.at(-1) !== source);
  t.true(moved.includes(source));
  t.not(followed.at(-1), await leader());
  await client.put('k/1', 'after');
  await eventually(async () => {
    const { members } = await client.tiers();
    return members.find(({ status }) => String(status.id) === 'w0')?.lagRevisions === 0;
  });
});
