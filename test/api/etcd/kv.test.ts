import test from 'ava';
import { type EtcdTestCluster, etcdctl, startEtcdCluster, tool } from './etcd-cluster.ts';

let cluster: EtcdTestCluster;

test.before(async () => {
  cluster = await startEtcdCluster(3);
});
test.after.always(() => cluster?.stop());

test('any node serves reads and writes', async (t) => {
  if (!(await tool(t, 'etcdctl', 'etcd-client'))) return t.pass();
  for (const [i, endpoint] of cluster.endpoints.entries()) {
    const put = await etcdctl([endpoint], ['put', `any/${i}`, `value ${i}`]);
    t.is(put.stdout, 'OK\n', put.stderr);
    for (const other of cluster.endpoints) {
      const got = await etcdctl([other], ['get', `any/${i}`]);
      t.is(got.stdout, `any/${i}\nvalue ${i}\n`, got.stderr);
    }
  }
});
