import { Client, type ClientUnaryCall, credentials, type ServiceError } from '@grpc/grpc-js';
import test from 'ava';
import type { ByteString } from '../../../../src/foundation/bytes.ts';
import { decodeMessage, encodeMessage } from '../../../../src/protocol/etcd/codec.ts';
import {
  type EtcdMethod,
  electionMethods,
  kvMethods,
  leaseMethods,
  lockMethods,
} from '../../../../src/protocol/etcd/methods.ts';
import type { AnySchema, Given, Message } from '../../../../src/protocol/etcd/schema.ts';
import { RawClient } from '../differential/raw-client.ts';
import { type EtcdTestCluster, startEtcdCluster } from '../etcd-cluster.ts';

const b = (text: string): ByteString => text as ByteString;
const same = (bytes: Buffer): Buffer => bytes;

let cluster: EtcdTestCluster;
let client: Client;
let raw: RawClient;

test.before(async () => {
  cluster = await startEtcdCluster(3);
  const follower = cluster.endpoints[((await cluster.leader()) + 1) % 3]!;
  client = new Client(follower, credentials.createInsecure());
  raw = new RawClient(follower);
});
test.after.always(async () => {
  client?.close();
  raw?.close();
  await cluster?.stop();
});

interface Pending<Response> {
  readonly call: ClientUnaryCall;
  readonly answer: Promise<Response>;
}

function start<Request extends AnySchema, Response extends AnySchema>(
  method: EtcdMethod<Request, Response>,
  request: Given<Request>,
): Pending<Message<Response>> {
  let call: ClientUnaryCall | null = null;
  const answer = new Promise<Message<Response>>((resolve, reject) => {
    call = client.makeUnaryRequest(
      method.path,
      same,
      same,
      encodeMessage(method.request, request),
      (error: ServiceError | null, bytes?: Buffer) => {
        if (error !== null) reject(error);
        else resolve(decodeMessage(method.response, bytes!));
      },
    );
  });
  return { call: call!, answer };
}

async function lease(seconds: number): Promise<bigint> {
  return (await start(leaseMethods.leaseGrant, { TTL: seconds }).answer).ID;
}

async function keys(prefix: string): Promise<readonly string[]> {
  const { kvs } = await start(kvMethods.range, { key: b(`${prefix}/`), range_end: b(`${prefix}0`) }).answer;
  return kvs.map(({ key }) => key);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('one after the other, in the order of asking', async (t) => {
  const leases = [await lease(60), await lease(60), await lease(60)];
  const order: number[] = [];
  const held: Promise<unknown>[] = [];
  for (const [i, each] of leases.entries()) {
    const { answer } = start(lockMethods.lock, { name: b('turns'), lease: each });
    held.push(
      answer.then(async ({ key }) => {
        order.push(i);
        await start(lockMethods.unlock, { key }).answer;
      }),
    );
    if (i === 0) await held[0];
    else await until(async () => order.length > i - 1 || (await keys('turns')).length >= 1);
  }
  await Promise.all(held);
  t.deepEqual(order, [0, 1, 2]);
  t.deepEqual(await keys('turns'), []);
});

test('who stops waiting leaves no key, and the next one gets the lock', async (t) => {
  const [holder, second, third] = [await lease(60), await lease(60), await lease(60)];
  const { key } = await start(lockMethods.lock, { name: b('cancel'), lease: holder }).answer;
  const waiting = start(lockMethods.lock, { name: b('cancel'), lease: second });
  await until(async () => (await keys('cancel')).length === 2);
  const last = start(lockMethods.lock, { name: b('cancel'), lease: third });
  await until(async () => (await keys('cancel')).length === 3);
  waiting.call.cancel();
  await t.throwsAsync(waiting.answer);
  await until(async () => (await keys('cancel')).length === 2);
  await start(lockMethods.unlock, { key }).answer;
  t.is<string, string>((await last.answer).key, `cancel/${third.toString(16)}`);
});

test('without a lease a lock gets one; a cancelled one takes it back', async (t) => {
  const { key } = await start(lockMethods.lock, { name: b('own') }).answer;
  const id = BigInt(`0x${key.slice(4)}`);
  const { grantedTTL } = await start(leaseMethods.leaseTimeToLive, { ID: id }).answer;
  t.is(grantedTTL, 60);
  const waiting = start(lockMethods.lock, { name: b('own') });
  await until(async () => (await keys('own')).length === 2);
  const other = (await keys('own')).find((each) => each !== (key as string))!;
  waiting.call.cancel();
  await t.throwsAsync(waiting.answer);
  const otherId = BigInt(`0x${other.slice(4)}`);
  await until(async () => (await start(leaseMethods.leaseTimeToLive, { ID: otherId }).answer).TTL === -1);
  t.deepEqual(await keys('own'), [key as string]);
});

test('whose lease ends while it waits does not get the lock; whose holder dies does', async (t) => {
  const [holder, short] = [await lease(60), await lease(60)];
  const { key } = await start(lockMethods.lock, { name: b('ends'), lease: holder }).answer;
  const waiting = start(lockMethods.lock, { name: b('ends'), lease: short });
  await until(async () => (await keys('ends')).length === 2);
  await start(leaseMethods.leaseRevoke, { ID: short }).answer;
  await start(lockMethods.unlock, { key }).answer;
  await t.throwsAsync(waiting.answer, { message: /session is expired/ });
  const again = await start(lockMethods.lock, { name: b('ends'), lease: holder }).answer;
  const heir = start(lockMethods.lock, { name: b('ends') });
  await until(async () => (await keys('ends')).length === 2);
  await start(leaseMethods.leaseRevoke, { ID: holder }).answer;
  t.not((await heir.answer).key, again.key);
});

test('an election is observed: every leader and what it proclaims, in order', async (t) => {
  const [first, second] = [await lease(60), await lease(60)];
  const stream = client.makeServerStreamRequest(
    electionMethods.observe.path,
    same,
    same,
    encodeMessage(electionMethods.observe.request, { name: b('el') }),
  );
  stream.on('error', () => {});
  const seen: string[] = [];
  const waiting: (() => void)[] = [];
  stream.on('data', (bytes: Buffer) => {
    seen.push(decodeMessage(electionMethods.observe.response, bytes).kv?.value ?? '');
    for (const wake of waiting.splice(0)) wake();
  });
  const sees = async (count: number): Promise<void> => {
    while (seen.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const won = await start(electionMethods.campaign, { name: b('el'), lease: first, value: b('a') }).answer;
  await sees(1);
  const next = start(electionMethods.campaign, { name: b('el'), lease: second, value: b('z') });
  await until(async () => (await keys('el')).length === 2);
  await start(electionMethods.proclaim, { leader: won.leader, value: b('b') }).answer;
  await start(electionMethods.proclaim, { leader: won.leader, value: b('c') }).answer;
  await start(electionMethods.resign, { leader: won.leader }).answer;
  t.is((await next.answer).leader?.lease, second);
  await sees(4);
  t.deepEqual(seen, ['a', 'b', 'c', 'z']);
  await t.throwsAsync(start(electionMethods.proclaim, { leader: won.leader, value: b('d') }).answer, {
    message: /election: not leader/,
  });
  stream.cancel();
});

test('a leader key with a revision that nothing was created at is nobody', async (t) => {
  const own = await lease(60);
  const { leader } = await start(electionMethods.campaign, { name: b('odd'), lease: own }).answer;
  for (const rev of [-1, Number.MIN_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER]) {
    const other = { ...leader, rev };
    await t.throwsAsync(start(electionMethods.proclaim, { leader: other, value: b('x') }).answer, {
      message: /election: not leader/,
    });
    await start(electionMethods.resign, { leader: other }).answer;
  }
  t.is((await keys('odd')).length, 1);
});

test('a cancelled campaign leaves no key', async (t) => {
  const [first, second] = [await lease(60), await lease(60)];
  await start(electionMethods.campaign, { name: b('camp'), lease: first, value: b('a') }).answer;
  const waiting = start(electionMethods.campaign, { name: b('camp'), lease: second, value: b('b') });
  await until(async () => (await keys('camp')).length === 2);
  waiting.call.cancel();
  await t.throwsAsync(waiting.answer);
  await until(async () => (await keys('camp')).length === 1);
  t.deepEqual(await keys('camp'), [`camp/${first.toString(16)}`]);
});
