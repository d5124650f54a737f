import test from 'ava';
import { clusterTimeMs, leaseId, logIndex, term } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { createStateMachine } from '../../src/state/state-machine.ts';
import { b, del, grant, keepAlive, Log, lease, put, range, revoke } from './commands.ts';

const fresh = (): Log => new Log(createStateMachine({ limits }));
const stamp = (log: Log, timeMs: number): void => {
  const point = { index: logIndex(log.state.applied.index + 1), term: term(1) };
  log.state.apply(point, { timeMs: clusterTimeMs(timeMs), batches: [] });
};

test('cluster time takes the first stamp, never goes back, and moves at most 2 s a stamp', (t) => {
  const log = fresh();
  const after = (timeMs: number): number => {
    stamp(log, timeMs);
    return log.state.timeMs;
  };
  t.deepEqual(
    [5_000_000, 4_000_000, 5_000_700, 9_000_000, 5_000_701].map(after),
    [5_000_000, 5_000_000, 5_000_700, 5_002_700, 5_002_700],
  );
});

test('grants: chosen ids, picked ids, limits', (t) => {
  const log = fresh();
  t.deepEqual(log.one(grant(7n, 5000)), { kind: 'leaseGrant', id: leaseId(7n), ttlMs: 5000 });
  t.like(log.one(grant(7n, 5000)), { code: 'lease-exists' });
  t.like(log.one(grant(8n, 10)), { ttlMs: 1000 });
  t.like(log.one(grant(9n, 1e13)), { code: 'lease-ttl-invalid' });
  const [first, second] = log.apply(grant(0n, 5000), grant(0n, 5000));
  t.like(first, { kind: 'leaseGrant', id: BigInt(log.state.applied.index) * 65_536n });
  t.like(second, { kind: 'leaseGrant', id: BigInt(log.state.applied.index) * 65_536n + 1n });
  t.is(log.state.leaseCount, 4);
  const few = new Log(createStateMachine({ limits, bounds: { leases: 1 } }));
  t.like(few.apply(grant(1n, 5000), grant(2n, 5000))[1], { code: 'overloaded' });
});

test('a lease expires when its deadline is reached in cluster time, its keys in key order at one revision', (t) => {
  const log = fresh();
  log.apply(grant(7n, 5000), put('b', '', lease(7n)), put('a', '', lease(7n)), put('c', ''));
  t.is(log.state.nextDeadlineMs, log.timeMs + 5000);
  log.wait(4999);
  t.like(log.state.lease(leaseId(7n)), { ttlMs: 5000, remainingMs: 1 });
  log.state.takeDeltas();
  log.wait(1);
  t.is(log.state.lease(leaseId(7n)), null);
  t.deepEqual(
    log.state.takeDeltas().map(({ op, key, revision, sub }) => [op, key, Number(revision), sub]),
    [
      ['delete', b('a'), 5, 0],
      ['delete', b('b'), 5, 1],
    ],
  );
  t.like(log.one(put('x', '', lease(7n))), { code: 'lease-not-found' });
  t.is(log.state.nextDeadlineMs, null);
});

test('expiry comes before the commands of the block that reaches the deadline', (t) => {
  const log = fresh();
  log.one(grant(7n, 2000));
  log.timeMs += 2000;
  t.deepEqual(log.one(keepAlive(7n)), { kind: 'leaseKeepAlive', ttlMs: [0] });
});

test('a renewal counts from the cluster time of its block', (t) => {
  const log = fresh();
  log.apply(grant(7n, 3000), grant(8n, 3000));
  log.wait(2000);
  t.deepEqual(log.one(keepAlive(7n, 9n)), { kind: 'leaseKeepAlive', ttlMs: [3000, 0] });
  log.wait(1000);
  t.deepEqual(
    [...log.state.leases()].map(({ id, remainingMs }) => [id, remainingMs]),
    [[leaseId(7n), 2000]],
  );
});

test('a new term neither shortens nor resets a time-to-live', (t) => {
  const log = fresh();
  log.one(grant(7n, 3000));
  log.wait(2000);
  log.state.applyEmpty({ index: logIndex(log.state.applied.index + 1), term: term(2) });
  t.like(log.state.lease(leaseId(7n)), { remainingMs: 1000 });
});

test('revoking deletes exactly the keys that are on the lease now', (t) => {
  const log = fresh();
  log.apply(
    grant(7n, 9000),
    grant(8n, 9000),
    put('kept', '', lease(7n)),
    put('kept', ''),
    put('moved', '', lease(7n)),
    put('moved', '', lease(8n)),
    put('gone', '', lease(7n)),
    put('deleted', '', lease(7n)),
    del('deleted'),
    put('elsewhere', '', { ...lease(7n), space: 'planes' }),
  );
  t.like(log.state.lease(leaseId(7n)), {
    keys: [
      { space: 'user', key: b('gone') },
      { space: 'planes', key: b('elsewhere') },
    ],
  });
  t.deepEqual(log.one(revoke(7n)), { kind: 'leaseRevoke' });
  t.like(log.state.range(range('a', '\0')), { values: [{ key: b('kept') }, { key: b('moved') }] });
  t.like(log.state.range({ ...range('a', '\0'), space: 'planes' }), { count: 0 });
  t.like(log.one(revoke(7n)), { code: 'lease-not-found' });
});

test('leases expire in order of deadline, then of id', (t) => {
  const log = fresh();
  const ids = [5n, 3n, 9n, 1n, 7n];
  log.apply(...ids.map((id) => grant(id, id === 9n ? 1000 : 2000)));
  log.apply(...ids.map((id) => put(`key-${id}`, '', lease(id))));
  log.state.takeDeltas();
  log.wait(2000);
  t.deepEqual(
    log.state.takeDeltas().map(({ key }) => key),
    [9n, 1n, 3n, 5n, 7n].map((id) => b(`key-${id}`)),
  );
});

test.serial('mutants: each breaks one of the rules above', (t) => {
  t.teardown(() => activateMutant(null));
  activateMutant('cluster-time-goes-back');
  const back = fresh();
  stamp(back, 5000);
  stamp(back, 4000);
  t.is<number, number>(back.state.timeMs, 4000);
  activateMutant('lease-by-local-clock');
  const early = fresh();
  early.one(grant(7n, 60_000));
  stamp(early, early.timeMs + 60_000);
  t.is(early.state.leaseCount, 0);
  activateMutant('lease-reset-at-failover');
  const reset = fresh();
  reset.one(grant(7n, 3000));
  reset.wait(2000);
  reset.state.applyEmpty({ index: logIndex(reset.state.applied.index + 1), term: term(2) });
  t.like(reset.state.lease(leaseId(7n)), { remainingMs: 3000 });
});

test('leases with many keys end in several blocks, each lease in one; a lease takes so many keys and no more', (t) => {
  const log = fresh();
  const keysOf = (id: number) =>
    Array.from({ length: 3000 }, (_, i) => put(`${id}-${i}`, '', lease(BigInt(id))));
  for (const id of [1, 2, 3, 4, 5]) log.apply(grant(BigInt(id), 5000), ...keysOf(id));
  log.wait(5000);
  const left: number[] = [];
  for (; log.state.leaseCount > 0; log.wait(1)) left.push(log.state.leaseCount);
  t.deepEqual(left, [3, 1]);
  t.is(log.state.keyCount('user'), 0);

  const narrow = new Log(createStateMachine({ limits, bounds: { keysPerCommand: 2 } }));
  narrow.apply(grant(1n, 5000), grant(2n, 5000), put('a', '', lease(1n)), put('b', '', lease(1n)));
  t.like(narrow.one(put('c', '', lease(1n))), { code: 'overloaded' });
  t.like(narrow.one(put('a', 'again', lease(1n))), { kind: 'put' });
  t.like(narrow.one(put('c', '', lease(2n))), { kind: 'put' });
  narrow.apply(del('a'));
  t.like(narrow.one(put('c', '', lease(1n))), { kind: 'put' });
});
