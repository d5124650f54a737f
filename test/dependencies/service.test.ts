import anyTest, { type TestFn } from 'ava';
import type { TanistClient } from '../../src/client/client.ts';
import { connect } from '../../src/client/connect.ts';
import { startEtcdCluster } from '../api/etcd/etcd-cluster.ts';
import { registryConformance } from './registry-conformance.ts';

const cluster = await startEtcdCluster(3);
const client: TanistClient = await connect({ endpoints: cluster.endpoints });

/** One cluster for all, so one after another, each with an empty registry. */
const test = anyTest.serial as unknown as TestFn;
anyTest.after.always(async () => {
  await client.close({ drainMs: 0 });
  await cluster.stop();
});

registryConformance(test, 'over gRPC, on three nodes', async () => ({
  registry: client.dependencies,
  stop: async () => {
    for (const { id } of await client.dependencies.sandboxes()) await client.dependencies.invalidate(id);
  },
}));
