import test from 'ava';
import type { ByteString } from '../../../src/foundation/bytes.ts';
import { kvMethods } from '../../../src/protocol/etcd/methods.ts';
import { RawClient } from './differential/raw-client.ts';
import { startEtcdCluster } from './etcd-cluster.ts';

const key = 'k' as ByteString;
const compacted = 'etcdserver: mvcc: required revision has been compacted';

test('a cluster that is configured to keep 20 revisions compacts those before by itself', async (t) => {
  t.timeout(60_000);
  const cluster = await startEtcdCluster(1, {}, { compaction: { mode: 'revisions', keep: 20 } });
  const client = new RawClient(cluster.endpoints[0]!);
  try {
    const revisions: number[] = [];
    for (let i = 0; i < 60; i++) {
      const put = await client.call(kvMethods.put, { key, value: key });
      if (put.kind === 'error') throw new Error(put.details);
      revisions.push((put.message as { header: { revision: number } }).header.revision);
    }
    const at = (i: number) => client.call(kvMethods.range, { key, revision: revisions.at(i)! });
    while ((await at(0)).kind === 'message') await new Promise((resolve) => setTimeout(resolve, 20));
    t.like(await at(0), { kind: 'error', details: compacted });
    t.is((await at(-20)).kind, 'message');
  } finally {
    client.close();
    await cluster.stop();
  }
});
