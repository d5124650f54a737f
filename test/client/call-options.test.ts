import test, { type ExecutionContext } from 'ava';
import { connect, connectEtcd, leaseId, type TanistClient } from '../../src/client/index.ts';
import { nodeId } from '../../src/foundation/ids.ts';
import type { CallOptions } from '../../src/ports/state-client.ts';
import { contribution } from './contribution.ts';
import { FakeCluster } from './fake-cluster.ts';

/** Every method that sends something for an answer, but for `watch` and `succession`, which end with their signal. */
const methods: Record<
  string,
  (client: TanistClient, endpoint: string, options: CallOptions) => Promise<unknown>
> = {
  get: (client, _, options) => client.get('k', options),
  'get serializable': (client, _, options) => client.get('k', { ...options, consistency: 'serializable' }),
  'get predicted': (client, _, options) => client.get('k', { ...options, consistency: 'predicted' }),
  getAt: (client, endpoint, options) => client.getAt(endpoint, 'k', options),
  getPredictedAt: (client, endpoint, options) =>
    client.getPredictedAt(endpoint, 'k', { ...options, consistency: 'predicted' }),
  put: (client, _, options) => client.put('k', 'v', options),
  putEarly: (client, _, options) => client.putEarly('k', 'v', options),
  delete: (client, _, options) => client.delete('k', options),
  // biome-ignore lint/suspicious/noThenProperty: the word that etcd's transactions use
  txn: (client, _, options) => client.txn({ if: [], then: [] }, options),
  grantLease: (client, _, options) => client.grantLease(1000, options),
  revokeLease: (client, _, options) => client.revokeLease(leaseId(7n), options),
  keepLeaseAlive: (client, _, options) => client.keepLeaseAlive(leaseId(7n), options),
  lease: (client, _, options) => client.lease(1000, options),
  leases: (client, _, options) => client.leases(options),
  leaseStatus: (client, _, options) => client.leaseStatus(leaseId(7n), options),
  status: (client, _, options) => client.status(options),
  'status of a member': (client, endpoint, options) => client.status({ ...options, endpoint }),
  snapshots: (client, endpoint, options) => client.snapshots(endpoint, true, options),
  transfer: (client, _, options) => client.transfer(undefined, options),
  predictions: (client, _, options) => client.predictions('k', options),
  tiers: (client, _, options) => client.tiers(options),
  memberList: (client, _, options) => client.memberList(options),
  changeMember: (client, _, options) => client.changeMember({ kind: 'remove', id: nodeId('n1') }, options),
  backup: (client, endpoint, options) => client.backup(endpoint, options).next(),
  scrub: (client, endpoint, options) => client.scrub(endpoint, options).next(),
  repair: (client, _, options) => client.repair('n1', options),
  policies: (client, _, options) => client.policies(options),
  setPolicy: (client, _, options) => client.setPolicy('k', {}, options),
  removePolicy: (client, _, options) => client.removePolicy('k', options),
  compact: (client, _, options) => client.compact(1, options),
  disarm: (client, _, options) => client.disarm('corrupt', options),
  'models.get': (client, _, options) => client.models.get(options),
  'models.contribute': (client, _, options) => client.models.contribute(contribution, options),
  'dependencies.heartbeat': (client, _, options) => client.dependencies.heartbeat('s', options),
  'dependencies.invalidate': (client, _, options) => client.dependencies.invalidate('s', options),
  'dependencies.sandboxes': (client, _, options) => client.dependencies.sandboxes(options),
};

async function started(
  t: ExecutionContext,
): Promise<{ cluster: FakeCluster; client: TanistClient; endpoint: string }> {
  const cluster = await FakeCluster.start(1);
  const client = await connect({ endpoints: cluster.endpoints, session: { batchesInFlight: 100 } });
  t.teardown(async () => {
    await client.close({ drainMs: 0 });
    cluster.stop();
  });
  return { cluster, client, endpoint: cluster.endpoints[0]! };
}

test('a call with a signal that has aborted, or without any time, sends nothing', async (t) => {
  const { cluster, client, endpoint } = await started(t);
  const aborted = AbortSignal.abort();
  for (const [name, call] of Object.entries(methods)) {
    t.like(
      await t.throwsAsync(call(client, endpoint, { signal: aborted })),
      { code: 'cancelled', indeterminate: false },
      name,
    );
    if (name === 'backup' || name === 'scrub') continue;
    t.like(
      await t.throwsAsync(call(client, endpoint, { deadlineMs: 0 })),
      {
        code: 'deadline-exceeded',
        indeterminate: false,
      },
      name,
    );
  }
  t.deepEqual(cluster.calls, []);
});

test('every call ends with its signal', async (t) => {
  const { cluster, client, endpoint } = await started(t);
  await client.put('k', 'v');
  cluster.silent = true;
  for (const [name, call] of Object.entries(methods)) {
    const abort = new AbortController();
    cluster.calls.length = 0;
    const called = t.throwsAsync(call(client, endpoint, { signal: abort.signal }));
    await cluster.until(() => cluster.calls.length > 0);
    abort.abort();
    t.like(await called, { code: 'cancelled' }, name);
  }
});

test('connecting ends with its signal', async (t) => {
  const cluster = await FakeCluster.start(1);
  const { endpoints } = cluster;
  cluster.stop();
  for (const connecting of [connect, connectEtcd]) {
    t.like(await t.throwsAsync(connecting({ endpoints, signal: AbortSignal.abort() })), {
      code: 'cancelled',
    });
    const abort = new AbortController();
    const called = t.throwsAsync(connecting({ endpoints, signal: abort.signal, connectMs: 60_000 }));
    setImmediate(() => abort.abort());
    t.like(await called, { code: 'cancelled' });
  }
});
