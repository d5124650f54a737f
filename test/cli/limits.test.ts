import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openClient } from '../../src/cli/client.ts';
import { startLocalCluster } from '../../src/local/local-cluster.ts';

test('limits of the config hold at the node: what is larger is refused, and what is as large is not', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-limits-'));
  const limits = { keyBytes: 8, valueBytes: 10, transactionOperations: 2 };
  const cluster = await startLocalCluster({ folder, hot: 1, config: { limits } });
  t.teardown(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });
  await using client = await openClient(cluster.endpoints);
  const put = (key: string, value: string) => ({ put: key, value });
  await client.put('k'.repeat(8), 'v'.repeat(10));
  await t.throwsAsync(client.put('k', 'v'.repeat(11)), { code: 'value-too-large', message: /10/ });
  await t.throwsAsync(client.put('k'.repeat(9), 'v'), { code: 'key-too-large', message: /8/ });
  // biome-ignore lint/suspicious/noThenProperty: the name that the transaction's port gives it
  await client.txn({ if: [], then: [put('a', '1'), put('b', '2')] });
  await t.throwsAsync(
    // biome-ignore lint/suspicious/noThenProperty: the name that the transaction's port gives it
    client.txn({ if: [], then: [put('a', '3'), put('b', '4'), put('c', '5')] }),
    { code: 'transaction-too-large', message: /2/ },
  );
  const { values } = await client.get('', { prefix: true });
  t.deepEqual(
    values.map(({ key, value }) => `${Buffer.from(key)}=${Buffer.from(value)}`),
    ['a=1', 'b=2', `${'k'.repeat(8)}=${'v'.repeat(10)}`],
  );
});
