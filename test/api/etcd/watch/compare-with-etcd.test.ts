import test from 'ava';
import type { ByteString } from '../../../../src/foundation/bytes.ts';
import type { watchCreateRequest, watchResponse } from '../../../../src/protocol/etcd/messages/watch.ts';
import {
  electionMethods,
  kvMethods,
  leaseMethods,
  lockMethods,
  watchMethods,
} from '../../../../src/protocol/etcd/methods.ts';
import type { Given, Message } from '../../../../src/protocol/etcd/schema.ts';
import { comparable, text } from '../differential/compare-answers.ts';
import { RawClient } from '../differential/raw-client.ts';
import { startRealEtcd } from '../differential/real-etcd.ts';
import { type EtcdTestCluster, startEtcdCluster, tool } from '../etcd-cluster.ts';
import { RawStream } from '../raw-stream.ts';

type Response = Message<typeof watchResponse>;
type Side = { readonly client: RawClient; readonly endpoint: string };

const b = (text: string): ByteString => text as ByteString;

let tanist: EtcdTestCluster;
let etcd: { readonly endpoint: string; stop(): Promise<void> } | null = null;
let sides: Side[] = [];

test.before(async (t) => {
  if (!(await tool(t, 'etcd', 'etcd-server'))) return;
  [tanist, etcd] = await Promise.all([startEtcdCluster(3), startRealEtcd()]);
  const leader = tanist.endpoints[await tanist.leader()]!;
  sides = [leader, etcd.endpoint].map((endpoint) => ({ endpoint, client: new RawClient(endpoint) }));
});
test.after.always(async () => {
  for (const { client } of sides) client.close();
  await Promise.all([tanist?.stop(), etcd?.stop()]);
});

/** Without what differs between two clusters. */
function plain(response: Response | null): string {
  if (response?.header == null) return text(response);
  return text({ ...response, header: response.header.revision });
}

/** The same on both sides, one after the other; what each answered. */
async function both(act: (side: Side) => Promise<readonly string[]>): Promise<(readonly string[])[]> {
  return [await act(sides[0]!), await act(sides[1]!)];
}

async function put(side: Side, key: string, value: string, lease = 0n): Promise<void> {
  await side.client.call(kvMethods.put, { key: b(key), value: b(value), lease });
}

async function remove(side: Side, key: string): Promise<void> {
  await side.client.call(kvMethods.deleteRange, { key: b(key) });
}

async function txn(side: Side, ...operations: { key: string; value: string | null }[]): Promise<void> {
  await side.client.call(kvMethods.txn, {
    success: operations.map(({ key, value }) =>
      value === null
        ? { request_delete_range: { key: b(key) } }
        : { request_put: { key: b(key), value: b(value) } },
    ),
  });
}

function watching(side: Side) {
  const stream = new RawStream(side.endpoint, watchMethods.watch);
  const create = (request: Given<typeof watchCreateRequest>): void =>
    stream.send({ create_request: request });
  const take = async (count: number): Promise<string[]> => {
    const taken: string[] = [];
    for (let i = 0; i < count; i++) taken.push(plain(await stream.next(5000)));
    return taken;
  };
  return { stream, create, take };
}

async function revisionOf(side: Side): Promise<number> {
  const answer = await side.client.call(kvMethods.range, { key: b('x') });
  if (answer.kind === 'error') throw new Error(answer.details);
  return (answer.message as { header: { revision: number } }).header.revision;
}

test.serial('watches say what etcd says', async (t) => {
  if (etcd === null) return t.pass();
  const [ours, theirs] = await both(async (side) => {
    const { stream, create, take } = watching(side);
    const said: string[] = [];
    create({ key: b('a'), range_end: b('c'), prev_kv: true });
    said.push(...(await take(1)));
    await put(side, 'a', '1');
    said.push(...(await take(1)));
    await put(side, 'a', '2');
    await remove(side, 'a');
    await remove(side, 'a');
    await txn(side, { key: 'a', value: 'x' }, { key: 'b', value: 'y' }, { key: 'z', value: 'w' });
    said.push(...(await take(3)));
    await txn(side, { key: 'a', value: null }, { key: 'b', value: 'again' }, { key: 'bb', value: null });
    said.push(...(await take(1)));
    // Chosen ids, and those that are taken or empty.
    create({ key: b('k'), watch_id: 7 });
    create({ key: b('k'), watch_id: 7 });
    create({ key: b('k'), range_end: b('a') });
    create({ key: b('k'), range_end: b('k') });
    create({ key: b('k'), watch_id: -5 });
    create({ key: b('k'), watch_id: 1 });
    create({ key: b('k') });
    create({ key: b('k') });
    said.push(...(await take(8)));
    for (const id of [7, -5, 1, 2, 3, 99]) stream.send({ cancel_request: { watch_id: id } });
    said.push(...(await take(5)));
    stream.send({ progress_request: {} });
    said.push(...(await take(1)));
    stream.send({});
    stream.close();
    return said;
  });
  t.deepEqual(ours, theirs);
});

test.serial('filters, past and future revisions', async (t) => {
  if (etcd === null) return t.pass();
  const [ours, theirs] = await both(async (side) => {
    const { stream, create, take } = watching(side);
    const said: string[] = [];
    create({ key: b('f'), filters: ['NOPUT'], watch_id: 1 });
    create({ key: b('f'), filters: ['NODELETE'], watch_id: 2 });
    create({ key: b('f'), filters: ['NODELETE', 'NOPUT'], watch_id: 3 });
    said.push(...(await take(3)));
    const start = await revisionOf(side);
    await put(side, 'f', '1');
    said.push(...(await take(1)));
    await remove(side, 'f');
    said.push(...(await take(1)));
    for (let i = 0; i < 5; i++) await put(side, 'f', `more ${i}`);
    await take(5);
    stream.send({ cancel_request: { watch_id: 2 } });
    await take(1);
    create({ key: b('f'), start_revision: start, watch_id: 10, prev_kv: true });
    said.push(...(await take(1)));
    // In how many responses history comes is nobody's promise.
    const past: object[] = [];
    while (past.length < 7) past.push(...((await stream.next())?.events ?? [new Error('too few')]));
    said.push(text(past));
    const future = (await revisionOf(side)) + 3;
    stream.send({ cancel_request: { watch_id: 10 } });
    create({ key: b('f'), start_revision: future, watch_id: 11 });
    said.push(...(await take(2)));
    for (let i = 0; i < 4; i++) await put(side, 'f', `later ${i}`);
    said.push(...(await take(2)));
    stream.send({ cancel_request: { watch_id: 11 } });
    await take(1);
    create({ key: b(''), range_end: b('\0'), watch_id: 12 });
    create({ key: b('g'), range_end: b('\0'), watch_id: 13 });
    said.push(...(await take(2)));
    await put(side, 'h', '1');
    said.push(...(await take(2)).sort());
    await put(side, 'e', '1');
    said.push(...(await take(1)));
    stream.close();
    return said;
  });
  t.deepEqual(ours, theirs);
});

test.serial('a watch of a compacted revision', async (t) => {
  if (etcd === null) return t.pass();
  const [ours, theirs] = await both(async (side) => {
    const { stream, create, take } = watching(side);
    for (let i = 0; i < 5; i++) await put(side, 'c', `${i}`);
    const at = await revisionOf(side);
    await side.client.call(kvMethods.compact, { revision: at });
    create({ key: b('c'), start_revision: at - 3 });
    const said = await take(2);
    create({ key: b('c'), start_revision: at });
    said.push(...(await take(2)));
    stream.close();
    return said;
  });
  t.deepEqual(ours, theirs);
});

test.serial('leases', async (t) => {
  if (etcd === null) return t.pass();
  const [ours, theirs] = await both(async (side) => {
    const said: string[] = [];
    const call = async (method: Parameters<RawClient['call']>[0], request: object): Promise<void> => {
      said.push(comparable(method, await side.client.call(method, request)));
    };
    await call(leaseMethods.leaseGrant, { ID: 5n, TTL: 100 });
    await call(leaseMethods.leaseGrant, { ID: 5n, TTL: 100 });
    await call(leaseMethods.leaseGrant, { ID: 5n, TTL: 9_000_000_001 });
    await call(leaseMethods.leaseGrant, { ID: 6n, TTL: 9_000_000_000 });
    await call(leaseMethods.leaseTimeToLive, { ID: 77n, keys: true });
    await put(side, 'lease/2', 'x', 5n);
    await call(leaseMethods.leaseTimeToLive, { ID: 5n, keys: true });
    await call(leaseMethods.leaseTimeToLive, { ID: 5n });
    await call(leaseMethods.leaseLeases, {});
    await call(leaseMethods.leaseRevoke, { ID: 77n });
    await call(leaseMethods.leaseRevoke, { ID: 0n });
    const stream = new RawStream(side.endpoint, leaseMethods.leaseKeepAlive);
    for (const ID of [5n, 77n, 0n]) {
      stream.send({ ID });
      const { header, ...rest } = (await stream.next())!;
      said.push(text([header?.revision, rest]));
    }
    stream.call.end();
    said.push(text((await stream.ended())?.details ?? 'ended'));
    stream.close();
    await call(leaseMethods.leaseRevoke, { ID: 5n });
    await call(leaseMethods.leaseRevoke, { ID: 6n });
    await call(kvMethods.range, { key: b('lease/2') });
    return said;
  });
  t.deepEqual(ours, theirs);
});

test.serial('locks and elections', async (t) => {
  if (etcd === null) return t.pass();
  const [ours, theirs] = await both(async (side) => {
    const said: string[] = [];
    const call = async (method: Parameters<RawClient['call']>[0], request: object): Promise<void> => {
      said.push(comparable(method, await side.client.call(method, request)));
    };
    await side.client.call(leaseMethods.leaseGrant, { ID: 5n, TTL: 100 });
    await side.client.call(leaseMethods.leaseGrant, { ID: 6n, TTL: 100 });
    await call(lockMethods.lock, { name: b('l'), lease: 5n });
    await call(lockMethods.lock, { name: b('l'), lease: 5n });
    await call(lockMethods.lock, { name: b('l'), lease: 99n });
    const second = side.client.call(lockMethods.lock, { name: b('l'), lease: 6n });
    await until(async () => (await revisionOf(side)) > 0 && (await exists(side, 'l/6')));
    await call(lockMethods.unlock, { key: b('l/5') });
    said.push(comparable(lockMethods.lock, await second));
    await call(lockMethods.unlock, { key: b('l/6') });
    await call(lockMethods.unlock, { key: b('nobody') });
    await call(lockMethods.unlock, { key: b('') });
    await call(electionMethods.leader, { name: b('e') });
    await call(electionMethods.campaign, { name: b('e'), lease: 5n, value: b('five') });
    await call(electionMethods.campaign, { name: b('e'), lease: 5n, value: b('V') });
    await call(electionMethods.leader, { name: b('e') });
    await call(electionMethods.campaign, { name: b('e'), lease: 99n, value: b('none') });
    const six = side.client.call(electionMethods.campaign, { name: b('e'), lease: 6n, value: b('six') });
    await until(() => exists(side, 'e/6'));
    const leader = { name: b('e'), key: b('e/5'), lease: 5n, rev: 0 };
    await call(electionMethods.proclaim, { leader, value: b('no') });
    await call(electionMethods.proclaim, { value: b('no') });
    await call(electionMethods.resign, {});
    const kv = await side.client.call(kvMethods.range, { key: b('e/5') });
    const rev = (kv as { message: { kvs: { create_revision: number }[] } }).message.kvs[0]!.create_revision;
    await call(electionMethods.proclaim, { leader: { ...leader, rev }, value: b('yes') });
    await call(electionMethods.leader, { name: b('e') });
    await call(electionMethods.resign, { leader: { ...leader, rev: rev - 1 } });
    await call(electionMethods.resign, { leader: { ...leader, rev } });
    said.push(comparable(electionMethods.campaign, await six));
    await call(electionMethods.leader, { name: b('e') });
    for (const ID of [5n, 6n]) await side.client.call(leaseMethods.leaseRevoke, { ID });
    return said;
  });
  t.deepEqual(ours, theirs);
});

async function exists(side: Side, key: string): Promise<boolean> {
  const answer = await side.client.call(kvMethods.range, { key: b(key), count_only: true });
  return answer.kind === 'message' && (answer.message as { count: number }).count === 1;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
