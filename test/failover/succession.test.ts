import test from 'ava';
import fc from 'fast-check';
import { defaultScore } from '../../src/failover/options.ts';
import { type ReplicaMeasurements, scoreReplica } from '../../src/failover/score.ts';
import { rank } from '../../src/failover/succession.ts';
import { logIndex, nodeId } from '../../src/foundation/ids.ts';

const leader = { commit: logIndex(100), last: logIndex(110) };

function replica(id: string, change: Partial<ReplicaMeasurements> = {}): ReplicaMeasurements {
  return {
    id: nodeId(id),
    silentMs: 10,
    patienceMs: 80,
    match: logIndex(110),
    roundTripMs: 0.3,
    self: { loopLagMs: 1, syncMs: 0.5, memoryUsed: 0.3, diskFree: 0.6 },
    doubt: null,
    ...change,
  };
}

const order = (replicas: readonly ReplicaMeasurements[], before: readonly string[] = []): string[] =>
  rank(replicas, leader, before.map(nodeId), defaultScore).map((heir) => heir.id);

test('the fitter replica is the first heir, and each term says why', (t) => {
  const slow = replica('b', { roundTripMs: 90 });
  t.deepEqual(order([slow, replica('c')]), ['c', 'b']);
  const score = scoreReplica(slow, leader.last, defaultScore);
  t.is(score.terms.length, 5);
  t.is(score.terms.find((term) => term.name === 'latency')?.explanation, 'round trip 90 ms');
});

test('a replica behind the commit index is never first, however fit', (t) => {
  const behind = replica('b', { match: logIndex(99) });
  const weak = replica('c', {
    match: logIndex(100),
    roundTripMs: 200,
    self: { loopLagMs: 300, syncMs: 200, memoryUsed: 0.99, diskFree: 0.01 },
  });
  t.deepEqual(order([behind, weak], ['b', 'c']), ['c', 'b']);
  t.deepEqual(order([behind]), []);
});

test('replicas under doubt and suspected ones are no heirs', (t) => {
  const heirs = order([
    replica('b', { doubt: 'digest differs' }),
    replica('c', { silentMs: 80 }),
    replica('d'),
  ]);
  t.deepEqual(heirs, ['d']);
});

test('a tiny difference does not change the order, a real one does', (t) => {
  const replicas = [replica('b', { roundTripMs: 1 }), replica('c', { roundTripMs: 0.2 })];
  t.deepEqual(order(replicas, ['b', 'c']), ['b', 'c']);
  t.deepEqual(order(replicas, []), ['c', 'b']);
  t.deepEqual(order([replica('b', { silentMs: 75 }), replica('c')], ['b', 'c']), ['c', 'b']);
});

const measurements = fc.record({
  silentMs: fc.double({ min: 0, max: 79, noNaN: true }),
  roundTripMs: fc.option(fc.double({ min: 0, max: 1000, noNaN: true })),
  match: fc.nat(110).map(logIndex),
  self: fc.record({
    loopLagMs: fc.double({ min: 0, max: 1000, noNaN: true }),
    syncMs: fc.double({ min: 0, max: 1000, noNaN: true }),
    memoryUsed: fc.double({ min: 0, max: 1, noNaN: true }),
    diskFree: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
});

test('the score is within 0 and 1 and never falls when a measurement improves', (t) => {
  const better: readonly ((r: ReplicaMeasurements) => ReplicaMeasurements)[] = [
    (r) => ({ ...r, silentMs: r.silentMs / 2 }),
    (r) => ({ ...r, roundTripMs: r.roundTripMs === null ? null : r.roundTripMs / 2 }),
    (r) => ({ ...r, match: logIndex(Math.min(110, r.match + 5)) }),
    (r) => ({ ...r, self: r.self && { ...r.self, loopLagMs: r.self.loopLagMs / 2 } }),
    (r) => ({ ...r, self: r.self && { ...r.self, syncMs: r.self.syncMs / 2 } }),
    (r) => ({ ...r, self: r.self && { ...r.self, memoryUsed: r.self.memoryUsed / 2 } }),
    (r) => ({ ...r, self: r.self && { ...r.self, diskFree: (1 + r.self.diskFree) / 2 } }),
  ];
  fc.assert(
    fc.property(measurements, fc.nat(better.length - 1), (measured, which) => {
      const before = replica('b', measured);
      const value = scoreReplica(before, leader.last, defaultScore).value;
      const improved = scoreReplica(better[which]!(before), leader.last, defaultScore).value;
      return value >= 0 && value <= 1 && improved >= value - 1e-12;
    }),
  );
  t.pass();
});

test('ranking: only eligible ones, the first reaches the commit index, and ranking again changes nothing', (t) => {
  fc.assert(
    fc.property(fc.array(measurements, { minLength: 1, maxLength: 6 }), (list) => {
      const replicas = list.map((measured, i) => replica(`n${i}`, measured));
      const first = rank(replicas, leader, [], defaultScore);
      const ids = first.map((heir) => heir.id);
      if (first.length === 0) return replicas.every((r) => r.match < leader.commit);
      const head = replicas.find((r) => r.id === ids[0])!;
      const again = rank(replicas, leader, ids, defaultScore).map((heir) => heir.id);
      return head.match >= leader.commit && ids.length === replicas.length && again.join() === ids.join();
    }),
  );
  t.pass();
});
