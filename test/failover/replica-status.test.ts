import test from 'ava';
import { defaultScore } from '../../src/failover/options.ts';
import { replicaStatusOf } from '../../src/failover/replica-status.ts';
import { type ReplicaMeasurements, scoreReplica } from '../../src/failover/score.ts';
import { logIndex, nodeId } from '../../src/foundation/ids.ts';

const well: ReplicaMeasurements = {
  id: nodeId('b'),
  silentMs: 10,
  patienceMs: 80,
  match: logIndex(110),
  roundTripMs: 0.3,
  self: { loopLagMs: 1, syncMs: 0.5, memoryUsed: 0.3, diskFree: 0.6 },
  doubt: null,
};

test('a replica as one value: heartbeat, divergence, integrity, latency, tier', (t) => {
  t.deepEqual(replicaStatusOf(well, 'warm'), {
    id: well.id,
    tier: 'warm',
    heartbeat: 'alive',
    silentMs: 10,
    modelDivergence: null,
    dataIntegrity: 1,
    trouble: null,
    networkLatencyMs: 0.3,
  });
  const bad = replicaStatusOf({ ...well, silentMs: 90, divergence: 0.2, doubt: 'digest differs' }, 'hot');
  t.like(bad, {
    heartbeat: 'suspected',
    modelDivergence: 0.2,
    dataIntegrity: 0,
    trouble: 'digest differs',
  });
  t.is(replicaStatusOf({ ...well, silentMs: 1000 }, 'hot').heartbeat, 'lost');
  t.is(replicaStatusOf({ ...well, silentMs: 2000, patienceMs: 3000 }, 'hot').heartbeat, 'alive');
});

test('divergence is a term only where it is measured', (t) => {
  const names = (replica: ReplicaMeasurements): readonly string[] =>
    scoreReplica(replica, logIndex(110), defaultScore).terms.map(({ name }) => name);
  t.deepEqual(names(well), ['heartbeat', 'integrity', 'log', 'latency', 'health']);
  t.deepEqual(names({ ...well, divergence: 0 }).at(-1), 'divergence');
  const off = scoreReplica({ ...well, divergence: 0.4 }, logIndex(110), defaultScore).terms.at(-1);
  t.like(off, { value: 0.6, weight: 2, explanation: 'its predictions are 40 % off' });
});

test('beyond the quorum the age of what is held stands in the place of the log', (t) => {
  const fresh = scoreReplica({ ...well, lag: { revisions: 0, ms: 5 } }, logIndex(0), defaultScore);
  const stale = scoreReplica({ ...well, lag: { revisions: 900, ms: 5000 } }, logIndex(0), defaultScore);
  t.true(fresh.value > stale.value);
  t.is(stale.terms[2]?.explanation, '900 revisions behind, 5000 ms old');
  t.is(fresh.terms[2]?.explanation, 'has all that the leader has, 5.0 ms old');
});

test('weights decide what counts', (t) => {
  const weights = { heartbeat: 0, integrity: 0, log: 0, latency: 1, health: 0, divergence: 0 };
  const score = scoreReplica({ ...well, roundTripMs: 20, doubt: 'old' }, logIndex(110), {
    ...defaultScore,
    weights,
  });
  t.is(score.value, 0.5);
});
