import { startEtcdCluster } from '../../../local/etcd/etcd-cluster.ts';
import type { Store } from '../store.ts';

const writeDeadlineMs = 20_000;

export async function etcdStore(folder: string): Promise<Store> {
  const cluster = await startEtcdCluster(folder);
  const { client } = cluster;
  const index = (member: string): number => Number(member.slice(1));
  return {
    name: 'etcd',
    leader: async () => `e${await cluster.leader()}`,
    put: (key, value) => client.putAnywhere(Buffer.from(key), value, Date.now() + writeDeadlineMs),
    keysWithPrefix: (prefix) => client.keysWithPrefix(prefix),
    deletePrefix: (prefix) => client.deletePrefix(prefix),
    signal: (member, signal) => cluster.kill(index(member), signal),
    transfer: async () => {
      const leader = await cluster.leader();
      const heir = await client.status((leader + 1) % cluster.endpoints.length);
      await client.moveLeader(leader, heir.memberId);
    },
    restart: (member) => cluster.restart(index(member)),
    caughtUp: () => cluster.caughtUp(),
    stop: () => cluster.stop(),
  };
}
