import test from 'ava';
import { withCluster } from '../../src/cli/command.ts';
import { patienceMs } from '../../src/node/membership/membership.ts';
import { FakeCluster } from '../client/fake-cluster.ts';

test('a change is waited for longer than the leader waits for a majority; what the user says counts', async (t) => {
  const cluster = await FakeCluster.start(1);
  t.teardown(() => cluster.stop());
  const { endpoints } = cluster;
  await withCluster({ endpoints }, async ({ call, change }) => {
    t.is(call.deadlineMs, 5000);
    t.true(change.deadlineMs >= 2 * patienceMs);
  });
  await withCluster({ endpoints, timeout: 700 }, async ({ call, change }) => {
    t.is(call.deadlineMs, 700);
    t.is(change.deadlineMs, 700);
  });
});
