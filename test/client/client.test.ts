// biome-ignore-all lint/suspicious/noThenProperty: the word that etcd's transactions use
import { createServer } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import {
  type ConnectOptions,
  connect,
  connectEtcd,
  defaultSessionOptions,
  type LostPut,
  revision,
  type TanistClient,
  TanistError,
} from '../../src/client/index.ts';
import { limits } from '../../src/foundation/limits.ts';
import { freePorts } from '../../src/local/ports.ts';
import type { ClientTxn } from '../../src/ports/state-client.ts';
import { encodeCommandBatch } from '../../src/protocol/session/write-command.ts';
import { FakeCluster } from './fake-cluster.ts';

async function started(
  t: ExecutionContext,
  size = 1,
  options: Partial<ConnectOptions> = {},
): Promise<{ cluster: FakeCluster; client: TanistClient }> {
  const cluster = await FakeCluster.start(size);
  const client = await connect({ endpoints: cluster.endpoints, ...options });
  t.teardown(async () => {
    await client.close({ drainMs: 0 });
    cluster.stop();
  });
  return { cluster, client };
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

test('keys and values: text is UTF-8, bytes are bytes', async (t) => {
  const { client } = await started(t);
  t.deepEqual(await client.put('k', 'v1'), { revision: revision(2), previous: null });
  const second = await client.put(Buffer.from('k'), 'grün', { previous: true });
  t.is(text(second.previous?.value), 'v1');
  const { values, revision: at, count } = await client.get('k');
  t.is(text(values[0]?.value), 'grün');
  t.is(at, revision(3));
  t.is(count, 1);
  t.is(values[0]?.version, 2);
  const gone = await client.delete('k', { previous: true });
  t.is(gone.deleted, 1);
  t.is(text(gone.previous[0]?.value), 'grün');
  t.is((await client.get('k')).count, 0);
});

test('prefixes', async (t) => {
  const { client } = await started(t);
  await Promise.all([client.put('a/1', ''), client.put('a/2', ''), client.put('b', '')]);
  t.is((await client.get('a/', { prefix: true })).count, 2);
  t.is((await client.get('', { prefix: true })).count, 3);
  t.is((await client.delete('a/', { prefix: true })).deleted, 2);
});

test('transactions', async (t) => {
  const { client } = await started(t);
  const transaction = {
    if: [{ key: 'lock', is: '=', version: 0 }],
    then: [{ put: 'lock', value: 'me' }],
    else: [{ get: 'lock' }],
  } as const;
  const won = await client.txn(transaction);
  t.true(won.succeeded);
  t.deepEqual(won.answers, [{ kind: 'put', previous: null }]);
  const late = await client.txn(transaction);
  t.false(late.succeeded);
  const [answer] = late.answers;
  t.is(answer?.kind === 'get' ? text(answer.values[0]?.value) : '', 'me');
});

test('one turn of the event loop is one batch', async (t) => {
  const { client, cluster } = await started(t);
  await client.put('first', '');
  cluster.batches.length = 0;
  await Promise.all(Array.from({ length: 100 }, (_, i) => client.put(`k${i}`, 'v')));
  t.deepEqual(
    cluster.batches.map(({ commands }) => commands.length),
    [100],
  );
  t.is(cluster.batches[0]?.firstNumber, 2);
  t.is(cluster.batches[0]?.acknowledgedThrough, 1);
});

test('a failed command fails alone, with its code', async (t) => {
  const { client } = await started(t);
  const [lost, kept] = await Promise.allSettled([client.revokeLease(77n as never), client.put('k', 'v')]);
  t.is(kept?.status, 'fulfilled');
  t.true(
    lost?.status === 'rejected' &&
      lost.reason instanceof TanistError &&
      lost.reason.code === 'lease-not-found',
  );
});

test('what was unanswered at the loss of a stream is sent again, and applied once', async (t) => {
  const { client, cluster } = await started(t);
  await client.put('k', '0');
  cluster.holding = true;
  const puts = Promise.all([client.put('k', '1'), client.put('k', '2')]);
  await cluster.until(() => cluster.batches.length === 2);
  cluster.release(false);
  cluster.holding = false;
  cluster.dropSessions();
  t.deepEqual(
    (await puts).map((answer) => answer.revision),
    [revision(3), revision(4)],
  );
  t.is((await client.get('k')).values[0]?.version, 3);
  t.is(cluster.batches[2]?.firstNumber, cluster.batches[1]?.firstNumber);
});

test('the leader dies: the next one is followed as soon as it is announced', async (t) => {
  const { client, cluster } = await started(t, 3);
  const leaders: string[] = [];
  client.on('leader', ({ id }) => leaders.push(id));
  await client.put('k', '0');
  cluster.holding = true;
  const put = client.put('k', '1');
  await cluster.until(() => cluster.batches.length === 2);
  cluster.holding = false;
  cluster.kill(0);
  cluster.elect(2);
  await put;
  t.is((await client.get('k')).values[0]?.version, 2);
  t.deepEqual(leaders, ['n3']);
});

test('a leader that nobody announces is found by trying', async (t) => {
  const { client, cluster } = await started(t, 3);
  await client.put('k', '0');
  cluster.leader = 2;
  await client.put('k', '1');
  t.is((await client.get('k')).values[0]?.version, 2);
});

test('overloaded: again after a pause; refused for good: the error', async (t) => {
  const { client, cluster } = await started(t);
  await client.put('k', '0');
  cluster.refusals.push(new TanistError('overloaded', 'busy'), new TanistError('overloaded', 'busy'));
  await client.put('k', '1');
  cluster.refusals.push(new TanistError('invalid-argument', 'no'));
  const error = await t.throwsAsync(client.put('k', '2'), { instanceOf: TanistError });
  t.like(error, { code: 'invalid-argument', indeterminate: false });
});

test('a session that expired in flight: indeterminate; what comes later goes on in a new one', async (t) => {
  const { client, cluster } = await started(t);
  await client.put('k', '0');
  const { session } = client.stats();
  cluster.state.expireSessions();
  const error = await t.throwsAsync(client.put('k', '1'), { instanceOf: TanistError });
  t.like(error, { code: 'session-expired', indeterminate: true });
  await client.put('k', '2');
  t.not(client.stats().session, session);
});

test('deadline and cancellation: indeterminate exactly if it was sent', async (t) => {
  const { client, cluster } = await started(t);
  await client.put('k', '0');
  cluster.holding = true;
  const sent = await t.throwsAsync(client.put('k', '1', { deadlineMs: 20 }), { instanceOf: TanistError });
  t.like(sent, { code: 'deadline-exceeded', indeterminate: true, retryable: false });
  const control = new AbortController();
  const call = client.put('k', '2', { signal: control.signal });
  await cluster.until(() => cluster.batches.length === 3);
  control.abort();
  t.like(await t.throwsAsync(call), { code: 'cancelled', indeterminate: true });
  const early = client.put('k', '3', { signal: AbortSignal.abort() });
  t.like(await t.throwsAsync(early), { code: 'cancelled', indeterminate: false });
  cluster.release(true);
  cluster.holding = false;
  t.is((await client.put('k', '4')).revision, revision(5));
});

test('nobody leads: tried again until the caller gives up, and nothing was applied', async (t) => {
  const { client, cluster } = await started(t, 2);
  cluster.elect(-1);
  const control = new AbortController();
  const call = client.put('k', 'v', { signal: control.signal });
  await cluster.until(() => cluster.refused >= 4);
  t.is((await client.get('k', { consistency: 'serializable' })).ageMs, 7);
  control.abort();
  t.like(await t.throwsAsync(call), { code: 'cancelled', indeterminate: false });
  t.is(cluster.state.revision, 1);
});

test('acknowledged early: told at once, committed later; lost only with the session', async (t) => {
  const { client, cluster } = await started(t);
  t.false((await client.putEarly('k', '0')).early);
  cluster.holding = true;
  cluster.answersEarly = true;
  const first = await client.putEarly('k', '1');
  t.true(first.early);
  cluster.release(true);
  t.is((await first.committed).revision, revision(3));
  const lost: (readonly LostPut[])[] = [];
  client.on('lost', (puts) => lost.push(puts));
  const second = await client.putEarly('k', '2');
  cluster.state.expireSessions();
  cluster.release(true);
  t.like(await t.throwsAsync(second.committed), { code: 'session-expired' });
  t.deepEqual(
    lost.flat().map(({ value }) => text(value)),
    ['2'],
  );
});

test('watch: no gap and no double over lost streams and leaders', async (t) => {
  const { client, cluster } = await started(t, 2);
  const stop = new AbortController();
  const seen: string[] = [];
  let bookmarked = (): void => {};
  const ready = new Promise<void>((resolve) => {
    bookmarked = resolve;
  });
  const watching = (async () => {
    for await (const { events } of client.watch('w/', {
      prefix: true,
      previous: true,
      signal: stop.signal,
    })) {
      bookmarked();
      for (const { keyValue } of events) seen.push(text(keyValue.value));
      if (seen.length === 40) break;
    }
  })();
  await ready;
  for (let i = 0; i < 40; i++) {
    await client.put(`w/${i % 3}`, `${i}`);
    if (i === 10) cluster.dropWatches();
    if (i === 20) cluster.elect(1);
    if (i === 30) {
      cluster.elect(0);
      cluster.kill(1);
    }
  }
  await watching;
  t.deepEqual(
    seen,
    Array.from({ length: 40 }, (_, i) => `${i}`),
  );
});

for (const code of ['under-doubt', 'starting', 'superseded', 'not-held'] as const)
  test(`a serializable read refused as ${code} goes to the other members by itself`, async (t) => {
    const { client, cluster } = await started(t, 3);
    await client.put('k', 'v');
    cluster.refusing.set(0, new TanistError(code, 'not here'));
    cluster.refusing.set(1, new TanistError(code, 'not here'));
    const read = () => client.get('k', { consistency: 'serializable' });
    const both = await Promise.all([read(), read()]);
    t.deepEqual(
      both.map(({ values }) => text(values[0]?.value)),
      ['v', 'v'],
    );
    t.true(cluster.refusedAt.includes(0));
    // Who leads still takes the writes.
    await client.put('k', 'w');
    t.is(text((await read()).values[0]?.value), 'w');
  });

test('what nobody holds is refused, and not looked for until the deadline', async (t) => {
  const { client, cluster } = await started(t, 2);
  await client.put('k', 'v');
  for (const member of [0, 1]) cluster.refusing.set(member, new TanistError('not-held', 'not here'));
  t.like(await t.throwsAsync(client.get('k', { consistency: 'serializable' })), { code: 'not-held' });
  t.deepEqual([...new Set(cluster.refusedAt)].sort(), [0, 1]);
  t.is(cluster.refusedAt.length, 2);
});

for (const code of ['under-doubt', 'starting', 'not-leader'] as const)
  for (const leads of [true, false])
    test(`a watch refused as ${code} by ${leads ? 'the leader' : 'a member'} goes on at another one`, async (t) => {
      const { client, cluster } = await started(t, 3);
      await client.put('k', '1');
      const iterator = client.watch('k', { fromRevision: revision(2) })[Symbol.asyncIterator]();
      t.is(text((await iterator.next()).value?.events[0]?.keyValue.value), '1');
      // The first that is up, with nobody leading, or the leader.
      cluster.refusing.set(0, new TanistError(code, 'not here'));
      if (!leads) cluster.elect(-1);
      cluster.dropWatches();
      await cluster.until(() => cluster.refusedAt.includes(0));
      await cluster.until(() => cluster.members[1]!.watches.size + cluster.members[2]!.watches.size > 0);
      if (!leads) cluster.elect(1);
      await client.put('k', '2');
      const seen: string[] = [];
      while (seen.length === 0) {
        const { value } = await iterator.next();
        for (const { keyValue } of value?.events ?? []) seen.push(text(keyValue.value));
      }
      t.deepEqual(seen, ['2']);
      t.is(cluster.refusedAt.filter((member) => member === 0).length, 1);
      await iterator.return!();
    });

test('watch from the past, and from a compacted revision', async (t) => {
  const { client } = await started(t);
  await client.put('k', '1');
  await client.put('k', '2');
  for await (const { events } of client.watch('k', { fromRevision: revision(2) })) {
    t.deepEqual(
      events.map(({ keyValue }) => text(keyValue.value)),
      ['1', '2'],
    );
    break;
  }
  await client.compact(3);
  const watch = client.watch('k', { fromRevision: revision(2) })[Symbol.asyncIterator]();
  t.like(await t.throwsAsync(watch.next()), { code: 'revision-compacted' });
});

test('a slow consumer costs no memory and misses nothing', async (t) => {
  const { client } = await started(t);
  const value = 'x'.repeat(64 * 1024);
  const iterator = client.watch('k')[Symbol.asyncIterator]();
  await iterator.next();
  for (let i = 0; i < 150; i++) await client.put('k', value);
  const versions: number[] = [];
  while (versions.length < 150) {
    const { value: batch } = await iterator.next();
    for (const { keyValue } of batch!.events) versions.push(keyValue.version);
  }
  t.deepEqual(
    versions,
    Array.from({ length: 150 }, (_, i) => i + 1),
  );
  await iterator.return!();
});

test('renewals of one turn are one call; a lost lease says so', async (t) => {
  const { client, cluster } = await started(t);
  const leases = await Promise.all([
    client.grantLease(1000),
    client.grantLease(1000),
    client.grantLease(1000),
  ]);
  cluster.state.kinds.length = 0;
  await Promise.all(leases.map(({ id }) => client.keepLeaseAlive(id)));
  t.is(cluster.renewals, 1);
  t.deepEqual(cluster.state.kinds, [], 'no command of the session');
  // Renewed after a third: what is told is what the cluster says of it, not that its time is over, however busy the machine is.
  const lease = await client.lease(6000);
  cluster.state.leases.delete(lease.id);
  await new Promise((resolve) => lease.lost.addEventListener('abort', resolve));
  t.like(lease.lost.reason, { code: 'lease-not-found' });
  const kept = await client.lease(60_000);
  await kept.revoke();
  t.false(cluster.state.leases.has(kept.id));
});

test.serial('many kept leases are no leak', async (t) => {
  const warnings: Error[] = [];
  const heard = (warning: Error): void => void warnings.push(warning);
  process.on('warning', heard);
  t.teardown(() => process.removeListener('warning', heard));
  const { client } = await started(t);
  const leases = await Promise.all(Array.from({ length: 20 }, () => client.lease(60_000)));
  await Promise.all(leases.map((lease) => lease.revoke()));
  t.deepEqual(warnings, []);
});

test('a renewal outlives its leader, whether that dies, stands still or is busy', async (t) => {
  const { client, cluster } = await started(t, 3);
  const { id } = await client.grantLease(1000);
  cluster.refusals.push(new TanistError('overloaded', 'busy'), new TanistError('not-leader', 'not yet'));
  t.is((await client.keepLeaseAlive(id)).ttlMs, 1000);
  t.is(cluster.renewals, 3);
  for (const fate of ['stands still', 'dies'] as const) {
    cluster.holding = true;
    const asked = cluster.renewals;
    const renewed = client.keepLeaseAlive(id);
    await cluster.until(() => cluster.renewals > asked);
    cluster.holding = false;
    if (fate === 'dies') cluster.kill(cluster.leader);
    cluster.elect(cluster.leader + 1);
    t.is((await renewed).ttlMs, 1000, fate);
  }
});

for (const leader of [0, 1, 2])
  test(`while no leader is announced, a call that only a leader answers goes to each member in turn: ${leader}`, async (t) => {
    const cluster = await FakeCluster.start(3);
    cluster.elect(-1);
    const client = await connect({ endpoints: cluster.endpoints });
    t.teardown(() => {
      cluster.stop();
      return client.close({ drainMs: 0 });
    });
    await cluster.until(() => cluster.members.every(({ successions }) => successions.size > 0));
    cluster.leader = leader;
    await t.notThrowsAsync(client.transfer(undefined, { deadlineMs: 3000 }));
  });

test('what only a leader answers waits for one, and says in the end that there is none', async (t) => {
  const cluster = await FakeCluster.start(3);
  cluster.elect(-1);
  const client = await connect({ endpoints: cluster.endpoints });
  t.teardown(() => {
    cluster.stop();
    return client.close({ drainMs: 0 });
  });
  const error = await t.throwsAsync(client.transfer(undefined, { deadlineMs: 300 }));
  t.like(error, { code: 'no-leader', retryable: true, indeterminate: false });
  t.regex(error!.message, /^no member leads/);
});

test('administration follows the leader', async (t) => {
  const { client, cluster } = await started(t, 3);
  t.is((await client.status()).id, 'n1' as never);
  t.is((await client.status({ endpoint: cluster.endpoints[1]! })).id, 'n2' as never);
  t.deepEqual(
    client.members().map(({ id }) => `${id}`),
    ['n1', 'n2', 'n3'],
  );
  const routings = client.succession();
  t.is((await routings.next()).value?.leader, 'n1' as never);
  t.is((await client.transfer()).leader, 'n2' as never);
  t.is((await routings.next()).value?.leader, 'n2' as never);
  await routings.return();
  t.is((await client.transfer()).leader, 'n3' as never);
  await client.setPolicy('hot/', { acknowledge: 'leader' });
  t.deepEqual(
    (await client.policies()).map(({ prefix }) => text(prefix)),
    ['hot/'],
  );
  await client.removePolicy('hot/');
  t.deepEqual(await client.policies(), []);
});

test('closing drains, ends the session and refuses what comes after', async (t) => {
  const cluster = await FakeCluster.start(1);
  t.teardown(() => cluster.stop());
  const client = await connect({ endpoints: cluster.endpoints });
  const put = client.put('k', 'v');
  // As long as it takes on a machine that is busy otherwise.
  await client.close({ drainMs: 60_000 });
  await t.notThrowsAsync(put);
  t.is(cluster.state.sessions.size, 0);
  t.like(await t.throwsAsync(client.put('k', 'v')), { code: 'closed' });
  t.like(await t.throwsAsync(client.watch('k').next()), { code: 'closed' });
  t.like(await t.throwsAsync(client.status({ endpoint: cluster.endpoints[0]! })), { code: 'closed' });
});

test('a watch whose consumer was slow when the client was closed does not go on', async (t) => {
  const { client } = await started(t, 1);
  const watch = client.watch('k', { prefix: true })[Symbol.asyncIterator]();
  await watch.next();
  const value = Buffer.alloc(1_000_000);
  for (let i = 0; i < 12; i++) await client.put(`k${i}`, value);
  await client.close();
  const rest = async (): Promise<void> => {
    while (!(await watch.next()).done);
  };
  t.like(await t.throwsAsync(rest()), { code: 'closed' });
});

test('nobody there: unavailable, with the endpoint', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const error = await t.throwsAsync(connect({ endpoints: `127.0.0.1:${port}`, connectMs: 50 }));
  t.like(error, { code: 'unavailable' });
  t.regex(error!.message, new RegExp(`127.0.0.1:${port}`));
});

test('a process that stands still while it connects hears the answers before it gives up', async (t) => {
  const { cluster } = await started(t);
  const connecting = connect({ endpoints: cluster.endpoints, connectMs: 200 });
  await new Promise((resolve) => setImmediate(resolve));
  const untilMs = performance.now() + 250;
  while (performance.now() < untilMs);
  const late = await connecting;
  await late.close();
  t.pass();
});

/** Where gRPC is spoken, but nothing of Tanist is served. */
async function foreignPort(t: ExecutionContext): Promise<number> {
  const server = new Server();
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  t.teardown(() => server.forceShutdown());
  return port;
}

test('something else there: not-tanist, with the endpoint', async (t) => {
  const port = await foreignPort(t);
  const error = await t.throwsAsync(connect({ endpoints: `127.0.0.1:${port}` }));
  t.like(error, { code: 'not-tanist' });
  t.regex(error!.message, new RegExp(`127.0.0.1:${port}`));
});

test('something else beside a member that is not there yet is waited for, and both are named', async (t) => {
  const port = await foreignPort(t);
  const [free] = await freePorts(1);
  const endpoints = [`127.0.0.1:${port}`, `127.0.0.1:${free}`];
  const error = await t.throwsAsync(connect({ endpoints, connectMs: 300 }));
  t.like(error, { code: 'unavailable' });
  for (const endpoint of endpoints) t.true(error!.message.includes(endpoint), error!.message);
});

test('what the wire cannot carry is refused before it is sent', async (t) => {
  const { client } = await started(t);
  const invalid = { code: 'invalid-argument', indeterminate: false };
  t.like(await t.throwsAsync(client.get('k', { limit: -1 })), invalid);
  t.like(await t.throwsAsync(client.grantLease(Number.NaN)), invalid);
  t.like(await t.throwsAsync(client.put('k', 'v', { lease: -1n as never })), invalid);
  t.like(await t.throwsAsync(client.put('k', 'v', { lease: 5 as never })), invalid);
  t.like(await t.throwsAsync(client.put('k', Buffer.alloc(9 * 1024 * 1024))), { code: 'value-too-large' });
  t.is((await client.put('k', 'v')).revision, revision(2));
});

/** What only JavaScript lets through the compiler, and what the error says of it. */
const mistakes: readonly [string, (client: TanistClient) => Promise<unknown>, RegExp][] = [
  ['order', (client) => client.get('k', { order: 'desc' as never }), /order is desc.*none, ascend, descend/],
  ['sortBy', (client) => client.get('k', { sortBy: 'lease' as never }), /sortBy is lease.*key, version/],
  [
    'consistency',
    (client) => client.get('k', { consistency: 'weak' as never }),
    /linearizable, serializable/,
  ],
  ['compare', (client) => txnOf(client, { key: 'k', is: '==', version: 0 }), /is is ==.*=, !=, >, </],
  ['no target', (client) => txnOf(client, { key: 'k', is: '=' }), /none of value, lease/],
  ['no compare', (client) => txnOf(client, undefined), /compare is undefined/],
  ['operation', (client) => txnOf(client, null, { increment: 'k' }), /none of put, delete, get, txn/],
  ['no operation', (client) => txnOf(client, null, null), /operation is null/],
  ['nested order', (client) => txnOf(client, null, { get: 'k', options: { order: 'up' } }), /order is up/],
  ['no lists', (client) => client.txn({} as never), /if of the transaction is undefined/],
  ['no transaction', (client) => client.txn(undefined as never), /transaction is undefined/],
  [
    'no value',
    (client) => client.put('k', undefined as never),
    /is undefined; it must be a string or a Uint8Array/,
  ],
  ['no key', (client) => client.delete(undefined as never), /must be a string or a Uint8Array/],
  ['a number for a value', (client) => client.put('k', 5 as never), /is a number; it must be a string/],
  ['acknowledge', (client) => client.setPolicy('k', { acknowledge: 'all' as never }), /quorum, leader/],
  ['tier', (client) => client.setPolicy('k', { tier: 'hot' as never }), /full, critical/],
  ['predict', (client) => client.setPolicy('k', { predict: { stepMs: 0.5 } as never }), /stepMs is 0.5/],
  ['alarm', (client) => client.disarm('fire' as never), /noSpace, corrupt/],
  ['space', async (client) => client.inSpace('usr' as never), /space is usr.*user, planes/],
];

function txnOf(client: TanistClient, compare: unknown, operation: unknown = { get: 'k' }): Promise<unknown> {
  const compares = compare === null ? [] : [compare];
  return client.txn({ if: compares as never, then: [operation] as never });
}

test('mistakes of a caller in JavaScript are refused with what is allowed', async (t) => {
  const { client } = await started(t);
  for (const [title, call, message] of mistakes) {
    const error = await t.throwsAsync(call(client), undefined, title);
    t.like(error, { code: 'invalid-argument', indeterminate: false }, title);
    t.regex(error?.message ?? '', message, title);
  }
  t.is((await client.put('k', 'v')).revision, revision(2));
});

test('a transaction nested too deeply is refused before it is sent, and holds nobody up', async (t) => {
  const { client } = await started(t);
  const nested = (depth: number): ClientTxn => ({
    if: [],
    then: [depth === 1 ? { put: 'k', value: 'v' } : { txn: nested(depth - 1) }],
  });
  const [tooDeep, deepest, put] = await Promise.allSettled([
    client.txn(nested(limits.transactionDepth + 1)),
    client.txn(nested(limits.transactionDepth)),
    client.put('k', 'v'),
  ]);
  t.like(tooDeep, { reason: { code: 'transaction-too-large', indeterminate: false } });
  t.deepEqual([deepest.status, put.status], ['fulfilled', 'fulfilled']);
  const endless: { txn: ClientTxn } = { txn: { if: [], then: [] } };
  Object.assign(endless.txn, { then: [endless] });
  t.like(await t.throwsAsync(client.txn(endless.txn)), { code: 'transaction-too-large' });
});

test('a command that members cannot read fails alone, after a few streams', async (t) => {
  const { cluster, client } = await started(t, 3);
  await client.put('k', 'v');
  cluster.unreadable = (command) => command.kind === 'put' && command.key === 'unreadable';
  const outcomes = await Promise.allSettled(
    Array.from({ length: 100 }, (_, i) => client.put(i === 50 ? 'unreadable' : `k${i}`, 'v')),
  );
  t.like(outcomes[50], { status: 'rejected', reason: { code: 'invalid-argument' } });
  t.is(outcomes.filter(({ status }) => status === 'rejected').length, 1);
  t.true(cluster.unread <= 8, `${cluster.unread} streams`);
  t.is(cluster.state.revision, 101);
});

test('what has large keys is sent in pieces, and what fits into no piece is refused', async (t) => {
  const { cluster, client } = await started(t);
  const large = (i: number): string => `${i}`.padEnd(limits.blockBytes / 64, 'k');
  const each = Array.from({ length: 1100 }, (_, i) => large(i));
  await Promise.all(each.map((key) => client.get(key)));
  await Promise.all(each.map((key) => client.delete(key)));
  t.is(cluster.batches.flatMap(({ commands }) => commands).length, each.length);
  for (const batch of cluster.batches) t.true(encodeCommandBatch(batch).length <= limits.blockBytes);

  const tooLarge = 'k'.repeat(limits.entryBytes + 1);
  const refused = { code: 'key-too-large', indeterminate: false };
  t.like(await t.throwsAsync(client.get(tooLarge)), refused);
  t.like(await t.throwsAsync(client.get('k', { rangeEnd: tooLarge })), refused);
  t.like(await t.throwsAsync(client.delete(tooLarge)), refused);
  t.like(await t.throwsAsync(client.delete('k', { rangeEnd: tooLarge })), refused);
  t.like(await t.throwsAsync(client.put(tooLarge, 'v')), refused);
  t.like(await t.throwsAsync(client.removePolicy(tooLarge)), refused);
  t.like(await t.throwsAsync(client.watch(tooLarge).next()), refused);
  const compares = [{ key: 'k', rangeEnd: tooLarge, is: '=', version: 0 }] as const;
  t.like(await t.throwsAsync(client.txn({ if: compares, then: [] })), { code: 'transaction-too-large' });
  const get = { get: 'k', options: { rangeEnd: tooLarge } };
  t.like(await t.throwsAsync(client.txn({ if: [], then: [get] })), { code: 'transaction-too-large' });
  t.is((await client.put('k', 'v')).revision, revision(2));
});

test('endpoints are checked', async (t) => {
  t.like(await t.throwsAsync(connect({ endpoints: [] })), { code: 'invalid-argument' });
  t.like(await t.throwsAsync(connect({ endpoints: 'http://localhost' })), { code: 'invalid-argument' });
  for (const wrong of ['http://localhost:7400', 'a:0', 'a:65536', '::1:7400'])
    t.like(await t.throwsAsync(connect({ endpoints: wrong })), { code: 'invalid-argument' });
});

test('options out of their range are refused, with the range', async (t) => {
  const { client, cluster } = await started(t);
  const invalid = async (called: Promise<unknown>, words: RegExp): Promise<void> => {
    const error = await t.throwsAsync(called);
    t.like(error, { code: 'invalid-argument', indeterminate: false });
    t.regex(error!.message, words);
  };
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
    const words = new RegExp(`deadlineMs is ${wrong}; it must be \\d to 2147483647`);
    for (const connecting of [connect, connectEtcd]) {
      await invalid(connecting({ endpoints: cluster.endpoints, deadlineMs: wrong }), words);
      await invalid(connecting({ endpoints: cluster.endpoints, connectMs: wrong }), /connectMs/);
    }
    await invalid(client.put('k', 'v', { deadlineMs: wrong }), words);
    await invalid(client.get('k', { deadlineMs: wrong }), words);
    await invalid(client.status({ deadlineMs: wrong }), words);
    await invalid(client.getAt(cluster.endpoints[0]!, 'k', { deadlineMs: wrong }), words);
    await invalid(client.scrub(cluster.endpoints[0]!, { silenceMs: wrong }).next(), /silenceMs/);
  }
  for (const name of Object.keys(defaultSessionOptions)) {
    for (const value of [0, 1.5, Number.NaN])
      await invalid(
        connect({ endpoints: cluster.endpoints, session: { [name]: value } }),
        new RegExp(`session.${name} is ${value}; it must be \\d+ to \\d+`),
      );
  }
  await invalid(connect({ endpoints: cluster.endpoints, session: { batchCommands: 4097 } }), /1 to 4096/);
  t.deepEqual(cluster.calls, []);
});
