import test from 'ava';
import { revision } from '../../src/foundation/ids.ts';
import { startEtcdCluster } from '../api/etcd/etcd-cluster.ts';
import { failure, text } from './conformance/subject.ts';

test('inside a node: calls and watches go on when the leader stops, and end with their own node', async (t) => {
  t.timeout(60_000);
  const cluster = await startEtcdCluster(3);
  try {
    const leader = await cluster.leader();
    const own = (leader + 1) % 3;
    const client = cluster.nodes[own]!.state('planes');
    const { revision: before } = await client.get('k');
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { events } of client.watch('k', { fromRevision: revision(before + 1) }))
        for (const { keyValue } of events) seen.push(text(keyValue.value) ?? '');
    })();
    const idle = client.watch('other')[Symbol.asyncIterator]();
    await idle.next();
    for (let i = 0; i < 20; i++) {
      if (i === 5) void cluster.stopNode(leader);
      // Hands over before it stops, so nothing is lost on the way; what was is written again.
      while ((await failure(client.put('k', String(i), { deadlineMs: 30_000 }))) !== 'none');
      t.is(text((await client.get('k')).values[0]?.value), String(i));
    }
    const ended = Promise.all([failure(watching), failure(idle.next())]);
    await cluster.stopNode(own);
    t.deepEqual(await ended, ['stopping', 'stopping']);
    const once = seen.filter((value, i) => value !== seen[i - 1]);
    t.deepEqual(
      once,
      Array.from({ length: 20 }, (_, i) => String(i)),
    );
    t.is(await failure(client.put('k', 'late')), 'stopping');
    t.is(await failure(client.get('k', { consistency: 'serializable' })), 'stopping');
    t.is(await failure(client.watch('k')[Symbol.asyncIterator]().next()), 'stopping');
  } finally {
    await cluster.stop();
  }
});
