import { status } from '@grpc/grpc-js';
import test from 'ava';
import type { ByteString } from '../../../src/foundation/bytes.ts';
import type { EtcdMethod } from '../../../src/protocol/etcd/methods.ts';
import { kvMethods, maintenanceMethods } from '../../../src/protocol/etcd/methods.ts';
import type { AnySchema, Given, Message } from '../../../src/protocol/etcd/schema.ts';
import { RawClient } from './differential/raw-client.ts';
import { type EtcdTestCluster, patient, startEtcdCluster } from './etcd-cluster.ts';

let cluster: EtcdTestCluster;
let clients: RawClient[];
let leader = 0;
let follower = 0;

test.before(async () => {
  cluster = await startEtcdCluster(3, patient);
  clients = cluster.endpoints.map((endpoint) => new RawClient(endpoint));
  leader = await cluster.leader();
  follower = (leader + 1) % 3;
});
test.after.always(async () => {
  for (const client of clients ?? []) client.close();
  await cluster?.stop();
});

const b = (text: string): ByteString => text as ByteString;
const noSpace = 'etcdserver: mvcc: database space exceeded';

/** What node `at` answers; an error fails the test. */
async function ask<Request extends AnySchema, Response extends AnySchema>(
  at: number,
  method: EtcdMethod<Request, Response>,
  request: Given<Request>,
): Promise<Message<Response>> {
  const answer = await clients[at]!.call(method as EtcdMethod<Request>, request);
  if (answer.kind === 'error') throw new Error(answer.details);
  return answer.message as Message<Response>;
}

const put = (key: string) => ({ key: b(key), value: b('v') });
const memberIdAt = async (at: number): Promise<bigint> =>
  (await ask(at, maintenanceMethods.status, {})).header?.member_id ?? 0n;
/** Once node `at` holds `revision`. */
async function reached(at: number, revision: number): Promise<void> {
  const asked = { key: b('k'), serializable: true };
  while (((await ask(at, kvMethods.range, asked)).header?.revision ?? 0) < revision);
}

test.serial('status is of the node that is asked, and names the leader', async (t) => {
  const [ofLeader, ofFollower] = [await memberIdAt(leader), await memberIdAt(follower)];
  t.not(ofLeader, ofFollower);
  await ask(follower, kvMethods.put, put('k'));
  const told = await ask(follower, maintenanceMethods.status, {});
  t.is(told.leader, ofLeader);
  t.is(told.header?.member_id, ofFollower);
  t.true(told.raftIndex > 0 && told.raftAppliedIndex > 0 && told.raftTerm > 0);
  t.deepEqual([told.isLearner, told.errors], [false, []]);
});

test.serial('move-leader is for the leader alone', async (t) => {
  for (const target of [follower, leader, (leader + 2) % 3]) {
    const targetID = await memberIdAt(target);
    t.deepEqual(await clients[follower]!.call(maintenanceMethods.moveLeader, { targetID }), {
      kind: 'error',
      code: status.FAILED_PRECONDITION,
      details: 'etcdserver: not leader',
    });
  }
  t.is(await cluster.leader(), leader);
});

test.serial('every node hashes the same revisions alike, and defragments itself alone', async (t) => {
  let last = 0;
  for (let i = 0; i < 20; i++)
    last = (await ask(follower, kvMethods.put, put(`h${i % 5}`))).header?.revision ?? 0;
  await ask(follower, kvMethods.compact, { revision: last - 5, physical: true });
  await ask(follower, maintenanceMethods.defragment, {});
  const hashes = [];
  for (const at of [leader, follower]) {
    await reached(at, last);
    const { hash, compact_revision, header } = await ask(at, maintenanceMethods.hashKV, { revision: last });
    hashes.push({ hash, compact_revision });
    t.is(header?.member_id, await memberIdAt(at));
  }
  t.is(hashes[0]?.compact_revision, last - 5);
  t.deepEqual(hashes[1], hashes[0]);
  const older = await ask(follower, maintenanceMethods.hashKV, { revision: last - 1 });
  t.not(older.hash, hashes[1]?.hash);
  const whole = (await ask(follower, maintenanceMethods.hash, {})).hash;
  const { header } = await ask(follower, kvMethods.put, put('h0'));
  await reached(follower, header?.revision ?? 0);
  t.not((await ask(follower, maintenanceMethods.hash, {})).hash, whole);
  const failures = [
    [last + 100, status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision is a future revision'],
    [last - 6, status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted'],
  ] as const;
  for (const [revision, code, details] of failures)
    t.deepEqual(await clients[follower]!.call(maintenanceMethods.hashKV, { revision }), {
      kind: 'error',
      code,
      details,
    });
});

test.serial('an alarm that is set at a follower holds everywhere until it is disarmed there', async (t) => {
  const memberID = await memberIdAt(follower);
  const alarm = { memberID, alarm: 'NOSPACE' } as const;
  const all = { action: 'GET', memberID: 0n, alarm: 'NONE' } as const;
  const set = await ask(follower, maintenanceMethods.alarm, { action: 'ACTIVATE', ...alarm });
  t.deepEqual(set.alarms, [alarm]);
  for (const at of [leader, follower]) {
    t.deepEqual((await ask(at, maintenanceMethods.alarm, all)).alarms, [alarm]);
    t.like(await clients[at]!.call(kvMethods.put, put('full')), { kind: 'error', details: noSpace });
    t.deepEqual((await ask(at, maintenanceMethods.status, {})).errors, [
      `memberID:${memberID} alarm:NOSPACE `,
    ]);
  }
  t.deepEqual(
    await clients[follower]!.call(maintenanceMethods.alarm, { action: 'ACTIVATE', ...alarm, memberID: 77n }),
    { kind: 'error', code: status.NOT_FOUND, details: 'etcdserver: member not found' },
  );
  const off = await ask(follower, maintenanceMethods.alarm, { action: 'DEACTIVATE', ...alarm });
  t.deepEqual(off.alarms, [alarm]);
  for (const at of [leader, follower]) {
    t.deepEqual((await ask(at, maintenanceMethods.alarm, all)).alarms, []);
    await ask(at, kvMethods.put, put('roomy'));
  }
});
