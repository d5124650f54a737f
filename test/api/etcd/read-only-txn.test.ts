import { status } from '@grpc/grpc-js';
import test from 'ava';
import { byteStringOfText } from '../../../src/foundation/bytes.ts';
import { kvMethods, maintenanceMethods } from '../../../src/protocol/etcd/methods.ts';
import { RawClient } from './differential/raw-client.ts';
import { startEtcdCluster } from './etcd-cluster.ts';

const key = byteStringOfText('k');
const reads = (serializable: boolean) => ({ request_range: { key, serializable } });

test('a transaction that only reads is not in the log; one that is serializable needs no leader', async (t) => {
  const cluster = await startEtcdCluster(3);
  const clients = cluster.endpoints.map((endpoint) => new RawClient(endpoint));
  t.teardown(async () => {
    for (const client of clients) client.close();
    await cluster.stop();
  });
  const leader = await cluster.leader();
  const txn = (i: number, request: object) => clients[i]!.call(kvMethods.txn, request);
  await clients[leader]!.call(kvMethods.put, { key, value: byteStringOfText('1') });
  const committed = async () => {
    const answer = await clients[leader]!.call(maintenanceMethods.status, {});
    return answer.kind === 'message' ? (answer.message as { raftIndex: number }).raftIndex : Number.NaN;
  };
  const before = await committed();
  const nested = { success: [reads(false), { request_txn: { success: [reads(true)] } }] };
  for (let i = 0; i < 60; i++) {
    const answer = await txn(i % 3, nested);
    t.like(answer, {
      kind: 'message',
      message: { succeeded: true, header: { revision: 2 }, responses: { length: 2 } },
    });
  }
  t.true((await committed()) < before + 60);

  for (let i = 0; i < 3; i++) if (i !== leader) await cluster.stopNode(i);
  const local = await txn(leader, { success: [reads(true)] });
  t.like(local, { kind: 'message', message: { succeeded: true } });
  const other = await txn(leader, { success: [reads(true), reads(false)] });
  t.like(other, { kind: 'error', code: status.UNAVAILABLE });
});
