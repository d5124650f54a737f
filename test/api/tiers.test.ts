import test from 'ava';
import { connect } from '../../src/client/index.ts';
import { patient, startEtcdCluster } from './etcd/etcd-cluster.ts';

test('the leader tells tiers, measured paths and what would change', async (t) => {
  const cluster = await startEtcdCluster(3, patient);
  t.teardown(() => cluster.stop());
  const client = await connect({ endpoints: cluster.endpoints });
  t.teardown(() => client.close());
  const leads = await cluster.leader();
  for (;;) {
    const { leader, members, paths, steps, running, automatic, notes } = await client.tiers();
    if (paths.some(({ roundTripMs }) => roundTripMs === null)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    t.is(leader as string, `n${leads}`);
    t.deepEqual(
      members.map(({ status, voter, wished }) => [status.id as string, status.tier, voter, wished]),
      [0, 1, 2].map((i) => [`n${i}`, 'hot', true, 'hot']),
    );
    t.is(paths.length, 3);
    t.true(members.every(({ distanceMs, score }) => (distanceMs ?? 0) > 0 && score > 0));
    t.deepEqual([steps, running, automatic], [[], null, true]);
    t.regex(notes[0] ?? '', /3 hot: majority at [\d.]+ ms on average/);
    break;
  }
  const { members } = await client.status();
  t.deepEqual(
    members.map(({ replica }) => [replica.tier, replica.heartbeat, replica.dataIntegrity]),
    members.map(() => ['hot', 'alive', 1]),
  );
});
