import test from 'ava';
import { startRealEtcd } from '../differential/real-etcd.ts';
import { startEtcdCluster, tool } from '../etcd-cluster.ts';
import { keys } from './keys.ts';
import { leases } from './leases.ts';
import { etcd3Suite } from './subject.ts';
import { watchers } from './watchers.ts';

// On etcd as well: what is expected here is what etcd does.
const suites = [
  etcd3Suite(test, 'etcd3 on Tanist', () => startEtcdCluster(3)),
  etcd3Suite(test, 'etcd3 on etcd', async (t) => {
    if (!(await tool(t, 'etcd', 'etcd-server'))) return null;
    const { endpoint, stop } = await startRealEtcd();
    return { endpoints: [endpoint], stop };
  }),
];
for (const suite of suites) {
  keys(suite);
  leases(suite);
  watchers(suite);
}
