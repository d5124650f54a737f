import { connect } from '../../../src/client/connect.ts';
import { connectEtcd } from '../../../src/client/etcd/connect-etcd.ts';
import type { EtcdSpace } from '../../../src/client/etcd/etcd-client.ts';
import { revision } from '../../../src/foundation/ids.ts';
import type { Space } from '../../../src/ports/delta.ts';
import { kvMethods, leaseMethods } from '../../../src/protocol/etcd/methods.ts';
import { RawClient } from '../../api/etcd/differential/raw-client.ts';
import { startRealEtcd } from '../../api/etcd/differential/real-etcd.ts';
import { type EtcdTestCluster, startEtcdCluster, tool } from '../../api/etcd/etcd-cluster.ts';
import type { StartSubject, Subject } from './subject.ts';

export const nothing: ReadonlySet<'leases' | 'watch'> = new Set();

/** Inside the leader, or inside a follower. */
export function inProcess(where: 'leader' | 'follower', nodes = 3): StartSubject {
  return async (_, space) => {
    const cluster = await startEtcdCluster(nodes);
    const leader = await cluster.leader();
    const index = where === 'leader' ? leader : (leader + 1) % nodes;
    const client = cluster.nodes[index]!.state(space);
    return {
      client,
      compact: (at) => compactNatively(cluster, space, at),
      stalled: (act) => withoutQuorum(cluster, index, act),
      lacks: nothing,
      stop: () => cluster.stop(),
    };
  };
}

/** Tanist's own client. */
export const native: StartSubject = (t, space) => nativeOf(3)(t, space);

export const nativeOf: (nodes: number) => StartSubject = (nodes) => async (_, space) => {
  const cluster = await startEtcdCluster(nodes);
  const client = await connect({ endpoints: cluster.endpoints, space });
  return {
    client,
    compact: async (at) => void (await client.compact(at)),
    stalled: async (act) => withoutQuorum(cluster, await cluster.leader(), act),
    lacks: nothing,
    stop: async () => {
      await client.close({ drainMs: 0 });
      await cluster.stop();
    },
  };
};

/** The etcd client at Tanist's etcd API. */
export const etcdClientOnTanist: StartSubject = (t, space) => etcdClientOnTanistOf(3)(t, space);

export const etcdClientOnTanistOf: (nodes: number) => StartSubject = (nodes) => async (_, space) => {
  const cluster = await startEtcdCluster(nodes);
  const client = await connectEtcd({ endpoints: cluster.endpoints, space: space as EtcdSpace });
  return {
    client,
    compact: (at) => compactOverEtcd(cluster.endpoints, at),
    stalled: async (act) => withoutQuorum(cluster, await cluster.leader(), act),
    lacks: await lackingAt(cluster.endpoints[0]!),
    stop: async () => {
      await client.close();
      await cluster.stop();
    },
  };
};

/** The etcd client at etcd itself. */
export const etcdClientOnEtcd: StartSubject = async (t, space): Promise<Subject | null> => {
  if (!(await tool(t, 'etcd', 'etcd-server'))) return null;
  const etcd = await startRealEtcd();
  const client = await connectEtcd({ endpoints: etcd.endpoint, space: space as EtcdSpace });
  return {
    client,
    compact: (at) => compactOverEtcd([etcd.endpoint], at),
    stalled: async (act) => {
      await etcd.freeze();
      try {
        await act();
      } finally {
        etcd.signal('SIGCONT');
      }
    },
    lacks: nothing,
    stop: async () => {
      await client.close();
      await etcd.stop();
    },
  };
};

async function compactNatively(cluster: EtcdTestCluster, space: Space, at: number): Promise<void> {
  const client = await connect({ endpoints: cluster.endpoints, space });
  await client.compact(revision(at));
  await client.close();
}

/** Until every member knows of it: those that lag still serve what is older. */
async function compactOverEtcd(endpoints: readonly string[], at: number): Promise<void> {
  let compacted = false;
  for (const endpoint of endpoints) {
    const raw = new RawClient(endpoint);
    if (!compacted) {
      const answer = await raw.call(kvMethods.compact, { revision: at });
      if (answer.kind === 'error') throw new Error(answer.details);
      compacted = true;
    }
    const older = { key: 'x' as never, revision: at - 1, serializable: true };
    while ((await raw.call(kvMethods.range, older)).kind === 'message');
    raw.close();
  }
}

/** Two of three stop; `kept` goes on alone, which can neither write nor confirm a read. */
async function withoutQuorum(
  cluster: EtcdTestCluster,
  kept: number,
  act: () => Promise<void>,
): Promise<void> {
  const others = [0, 1, 2].filter((index) => index !== kept);
  for (const index of others) await cluster.stopNode(index);
  try {
    await act();
  } finally {
    await Promise.all(others.map((index) => cluster.startNode(index)));
    await cluster.leader();
  }
}

const unimplemented = 12;

async function lackingAt(endpoint: string): Promise<ReadonlySet<'leases' | 'watch'>> {
  const raw = new RawClient(endpoint);
  const answer = await raw.call(leaseMethods.leaseLeases, {});
  raw.close();
  const without = answer.kind === 'error' && answer.code === unimplemented;
  return without ? new Set(['leases', 'watch']) : nothing;
}
