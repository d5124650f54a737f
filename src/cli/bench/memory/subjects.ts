import { TanistError } from '../../../foundation/errors.ts';
import { etcdClient } from '../../../local/etcd/etcd-client.ts';
import { startEtcdCluster } from '../../../local/etcd/etcd-cluster.ts';
import { startLocalCluster } from '../../../local/local-cluster.ts';
import { clusterStatus, openClient } from '../../client.ts';
import type { Puts } from './batches.ts';

/** Three processes whose memory is measured, written to at their leader through etcd's API. */
export interface Subject {
  readonly pids: readonly number[];
  /** In one transaction; its revision. */
  putAll(puts: Puts): Promise<number>;
  compact(revision: number): Promise<void>;
  stop(): Promise<void>;
}

const patienceMs = 20_000;

export async function tanistSubject(folder: string): Promise<Subject> {
  const cluster = await startLocalCluster({ folder, hot: 3 });
  try {
    const probe = await openClient(cluster.endpoints);
    let leader: string | null;
    try {
      // Answered as soon as there is one.
      await probe.get(Buffer.from('bench/'), { deadlineMs: patienceMs });
      leader = (await clusterStatus(probe, cluster.endpoints, {})).leader;
    } finally {
      await probe.close();
    }
    if (leader === null) throw new TanistError('no-leader', 'no leader');
    const client = etcdClient([cluster.node(leader).addresses.client]);
    return {
      pids: cluster.nodes.map(({ pid }) => pid),
      putAll: (puts) => client.putAll(0, puts),
      compact: (revision) => client.compact(0, revision),
      stop: async () => {
        client.close();
        await cluster.stop();
      },
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

export async function etcdSubject(folder: string): Promise<Subject> {
  const cluster = await startEtcdCluster(folder);
  try {
    const leader = await cluster.leader();
    const { client } = cluster;
    return {
      pids: cluster.endpoints.map((_, i) => cluster.pid(i)),
      putAll: (puts) => client.putAll(leader, puts),
      compact: (revision) => client.compact(leader, revision),
      stop: () => cluster.stop(),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
