import test, { type ExecutionContext } from 'ava';
import { connect, type TanistClient } from '../../src/client/index.ts';
import { nodeId } from '../../src/foundation/ids.ts';
import type { CallOptions } from '../../src/ports/state-client.ts';
import { tanistService } from '../../src/protocol/services.ts';
import { contribution } from './contribution.ts';
import { FakeCluster } from './fake-cluster.ts';

type Call = (client: TanistClient, options: CallOptions) => Promise<unknown>;

/** Those that the leader carries out. */
const changes: Record<string, Call> = {
  transfer: (client, options) => client.transfer(undefined, options),
  changeMember: (client, options) => client.changeMember({ kind: 'remove', id: nodeId('n3') }, options),
  repair: (client, options) => client.repair('n3', options),
  'models.contribute': (client, options) => client.models.contribute(contribution, options),
};

async function started(t: ExecutionContext): Promise<{ cluster: FakeCluster; client: TanistClient }> {
  const cluster = await FakeCluster.start(3);
  const client = await connect({ endpoints: cluster.endpoints });
  t.teardown(async () => {
    await client.close({ drainMs: 0 });
    cluster.stop();
  });
  return { cluster, client };
}

test('a change that nothing answers is indeterminate, a look is not', async (t) => {
  const { cluster, client } = await started(t);
  cluster.silent = true;
  const [, endpoint = ''] = cluster.endpoints;
  const late = { deadlineMs: 50 };
  const unknown = { indeterminate: true, retryable: false };
  for (const [name, change] of Object.entries(changes)) {
    t.like(await t.throwsAsync(change(client, late)), { code: 'deadline-exceeded', ...unknown }, name);
    const abort = new AbortController();
    cluster.calls.length = 0;
    const called = t.throwsAsync(change(client, { signal: abort.signal }));
    await cluster.until(() => cluster.calls.length > 0);
    abort.abort();
    t.like(await called, { code: 'cancelled', ...unknown }, name);
  }
  const taken = await t.throwsAsync(client.snapshots(endpoint, true, late));
  t.like(taken, { code: 'unavailable', ...unknown });
  const known = { indeterminate: false, retryable: true };
  const listed = await t.throwsAsync(client.snapshots(endpoint, false, late));
  t.like(listed, { code: 'unavailable', ...known });
  t.like(await t.throwsAsync(client.policies(late)), { code: 'deadline-exceeded', ...known });
});

test('a change whose connection broke is not made again, a look is', async (t) => {
  for (const [name, change] of Object.entries(changes)) {
    const { cluster, client } = await started(t);
    cluster.silent = true;
    const changed = t.throwsAsync(change(client, {}));
    const seen = client.status();
    await cluster.until(() => cluster.calls.length >= 2);
    cluster.silent = false;
    cluster.kill(0);
    cluster.elect(1);
    const error = await changed;
    t.like(error, { code: 'unavailable', indeterminate: true, retryable: false }, name);
    t.regex(error!.message, /may have been applied/);
    t.is((await seen).id, nodeId('n2'));
    const made = cluster.calls.filter((path) => path !== tanistService.status.path);
    t.is(made.length, 1, name);
  }
});

test('a change that was never sent goes to the next leader', async (t) => {
  const { cluster, client } = await started(t);
  const gone = new Promise((resolve) => client.on('disconnected', resolve));
  cluster.kill(0);
  await gone;
  const transferred = client.transfer(undefined, { deadlineMs: 60_000 });
  setImmediate(() => cluster.elect(1));
  t.is((await transferred).leader, nodeId('n3'));
  t.deepEqual(cluster.calls, [tanistService.transfer.path]);
});
